// Decoding off the window's thread.
#include "compare/image_cache.h"

#include <QCoreApplication>
#include <QFile>
#include <QImageReader>
#include <utility>

#include "feed/pool_task.h"
#include "feed/regular_file.h"

namespace qat::ui {
namespace {

constexpr int kCacheKilobytes = 256 * 1024;

// Qt takes no more memory for one picture than its limit, in MB, and does not say that this was the reason.
bool isTooLarge(const QSize& size) {
    constexpr qint64 kBytesOfPixel = 4;
    const qint64 limit = QImageReader::allocationLimit();
    return limit > 0 && size.isValid() && kBytesOfPixel * size.width() * size.height() > limit << 20;
}

QString tooLarge(const QSize& size) {
    return QCoreApplication::translate("ImageCache",
                                       "its %1 by %2 pixels need more than the %3 MB that one picture may take")
        .arg(size.width())
        .arg(size.height())
        .arg(QImageReader::allocationLimit());
}

QImage decoded(const QString& path, QString* trouble) {
    QFile file;
    QString why;
    const bool opened = openRegular(file, path, &why);
    if (!opened && why.isEmpty()) why = QCoreApplication::translate("ImageCache", "there is no such file");
    QImageReader reader(&file);
    reader.setAutoTransform(true);
    const QImage image = opened ? reader.read() : QImage();
    if (opened && image.isNull()) why = isTooLarge(reader.size()) ? tooLarge(reader.size()) : reader.errorString();
    if (image.isNull()) *trouble = QCoreApplication::translate("ImageCache", "%1 cannot be shown: %2.").arg(path, why);
    return image.convertToFormat(QImage::Format_RGB32);
}

ImageCache::Entry load(const QString& path, const QString& preview) {
    ImageCache::Entry entry;
    entry.image = decoded(path, &entry.trouble);
    if (!entry.image.isNull() || preview.isEmpty()) return entry;
    QString ignored;
    entry.image = decoded(preview, &ignored);
    entry.isPreview = !entry.image.isNull();
    return entry;
}

}  // namespace

ImageCache::ImageCache(QObject* parent) : QObject(parent), m_entries(kCacheKilobytes) {
    m_pool.setMaxThreadCount(2);
}
ImageCache::~ImageCache() = default;

const ImageCache::Entry* ImageCache::find(const QString& path, const QString& preview) {
    if (const Entry* entry = m_entries.object(path)) return entry;
    if (path.isEmpty() || m_underWay.contains(path)) return nullptr;
    m_underWay.insert(path);
    const auto keep = [this, path](Entry& entry) {
        m_underWay.remove(path);
        const auto kilobytes =
            static_cast<int>(std::min<qint64>(entry.image.sizeInBytes() / 1024 + 1, kCacheKilobytes));
        m_entries.insert(path, new Entry(std::move(entry)), kilobytes);
        Q_EMIT ready(path);
    };
    runInPool(
        &m_pool, this, [path, preview] { return load(path, preview); }, keep,
        [keep](const QString& trouble) {
            Entry entry;
            entry.trouble = trouble;
            keep(entry);
        });
    return nullptr;
}

}  // namespace qat::ui
