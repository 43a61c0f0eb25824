// The configurations and run folders that were open last, newest first.
#pragma once

#include <QDateTime>
#include <QList>
#include <QObject>
#include <QString>

namespace qat::ui {

struct RecentItem {
    QString path;
    bool isRun = false;  // a run folder, else a configuration file
    QDateTime opened;
};

// Kept in QSettings; at most twelve of them, files that are gone are left out of items().
class RecentFiles : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;
    QList<RecentItem> items() const;
    void add(const QString& path, bool isRun);
    void clear();

Q_SIGNALS:
    void changed();
};

}  // namespace qat::ui
