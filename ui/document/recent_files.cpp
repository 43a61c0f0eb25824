// Reads and writes the list of recent files.
#include "document/recent_files.h"

#include <QFileInfo>
#include <QSettings>

namespace qat::ui {
namespace {

constexpr int kMost = 12;
const auto kGroup = QStringLiteral("recent");

QList<RecentItem> stored() {
    QSettings settings;
    QList<RecentItem> items;
    const int count = std::min(settings.beginReadArray(kGroup), kMost);
    for (int i = 0; i < count; ++i) {
        settings.setArrayIndex(i);
        items.append({settings.value(QStringLiteral("path")).toString(), settings.value(QStringLiteral("run")).toBool(),
                      settings.value(QStringLiteral("opened")).toDateTime()});
    }
    settings.endArray();
    return items;
}

void store(const QList<RecentItem>& items) {
    QSettings settings;
    settings.remove(kGroup);
    settings.beginWriteArray(kGroup, static_cast<int>(items.size()));
    for (int i = 0; i < items.size(); ++i) {
        settings.setArrayIndex(i);
        settings.setValue(QStringLiteral("path"), items[i].path);
        settings.setValue(QStringLiteral("run"), items[i].isRun);
        settings.setValue(QStringLiteral("opened"), items[i].opened);
    }
    settings.endArray();
}

}  // namespace

QList<RecentItem> RecentFiles::items() const {
    QList<RecentItem> items = stored();
    items.removeIf([](const RecentItem& item) { return item.path.isEmpty() || !QFileInfo::exists(item.path); });
    return items;
}

void RecentFiles::add(const QString& path, bool isRun) {
    const QString absolute = QFileInfo(path).absoluteFilePath();
    QList<RecentItem> items = stored();
    items.removeIf([&](const RecentItem& item) { return item.path == absolute; });
    items.prepend({absolute, isRun, QDateTime::currentDateTime()});
    while (items.size() > kMost) items.removeLast();
    store(items);
    Q_EMIT changed();
}

void RecentFiles::clear() {
    store({});
    Q_EMIT changed();
}

}  // namespace qat::ui
