// Pictures decoded in a pool and kept up to a number of bytes.
#pragma once

#include <QCache>
#include <QImage>
#include <QObject>
#include <QSet>
#include <QThreadPool>

namespace qat::ui {

class ImageCache : public QObject {
    Q_OBJECT
public:
    explicit ImageCache(QObject* parent = nullptr);
    ~ImageCache() override;

    struct Entry {
        QImage image;            // null when it could not be read
        QString trouble;         // then one sentence
        bool isPreview = false;  // the first path failed and this is the second
    };
    // The entry if it is decoded; else nullptr, and ready(path) follows. `preview` is tried when `path` cannot be read.
    // Pictures are turned as their EXIF data say, which is how the boxes were made.
    const Entry* find(const QString& path, const QString& preview);

Q_SIGNALS:
    void ready(const QString& path);

private:
    QThreadPool m_pool;
    QCache<QString, Entry> m_entries;  // cost in kilobytes
    QSet<QString> m_underWay;
};

}  // namespace qat::ui
