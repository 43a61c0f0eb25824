// Follows a run folder into a RunStore: one way for live and for finished runs.
#pragma once

#include <QDateTime>
#include <QObject>
#include <QThreadPool>
#include <QTimer>

#include "feed/event_tail.h"
#include "feed/run_store.h"

namespace qat::ui {

class RunFeed : public QObject {
    Q_OBJECT
public:
    // `pool` does the first read and must outlive the feed; without one the feed uses a pool of its own.
    explicit RunFeed(RunStore* store, QThreadPool* pool = nullptr, QObject* parent = nullptr);
    ~RunFeed() override;

    // Starts over with another folder ("" = none). Returns at once; the store says Loading until the pool is done.
    void open(const QString& folder);
    const QString& folder() const { return m_folder; }
    bool isLoading() const { return m_loading; }
    // Reads what was written since the last look, unless the first read is still under way.
    void catchUp();
    // 15 reads a second while the window shows, 5 while it is hidden.
    void setWindowVisible(bool visible);

Q_SIGNALS:
    // The first read of the folder is in the store.
    void loaded();

private:
    void load();
    void tick();
    unsigned readSideFiles();
    void noteMissing();

    RunStore* m_store;
    QThreadPool m_ownPool;
    QThreadPool* m_pool;
    QTimer m_timer;
    EventTail m_tail;
    QString m_folder;
    QDateTime m_summaryTime, m_layersTime;
    quint64 m_generation = 0;
    int m_ticks = 0;
    RunStatus m_statusBeforeGone = RunStatus::Empty;
    bool m_withoutEvents = false;  // the store was filled from results.csv
    bool m_loading = false;
};

}  // namespace qat::ui
