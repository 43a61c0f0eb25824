// Timer-driven reading; nothing here blocks the event loop longer than 500 lines or 512 kB take.
#include "feed/run_feed.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <utility>

#include "feed/event_line.h"
#include "feed/pool_task.h"
#include "feed/run_folder.h"
#include "feed/run_status.h"

namespace qat::ui {
namespace {
constexpr int kVisibleMs = 1000 / 15;
constexpr int kHiddenMs = 1000 / 5;
constexpr EventTail::Bounds kPerTick{500, 512 * 1024};
constexpr int kTicksPerSideRead = 8;

struct FirstRead {
    RunData data;
    EventTail tail;
};
}  // namespace

RunFeed::RunFeed(RunStore* store, QThreadPool* pool, QObject* parent)
    : QObject(parent), m_store(store), m_pool(pool ? pool : &m_ownPool) {
    m_ownPool.setMaxThreadCount(1);
    m_timer.setInterval(kVisibleMs);
    connect(&m_timer, &QTimer::timeout, this, &RunFeed::tick);
}

RunFeed::~RunFeed() = default;

void RunFeed::open(const QString& folder) {
    m_folder = folder.isEmpty() ? QString() : QDir(folder).absolutePath();
    load();
}

void RunFeed::catchUp() {
    if (m_timer.isActive()) tick();
}

void RunFeed::setWindowVisible(bool visible) {
    m_timer.setInterval(visible ? kVisibleMs : kHiddenMs);
}

void RunFeed::load() {
    const quint64 generation = ++m_generation;
    m_timer.stop();
    m_loading = !m_folder.isEmpty();
    RunData blank;
    blank.folder = m_folder;
    blank.status = m_loading ? RunStatus::Loading : RunStatus::Empty;
    m_store->replace(std::move(blank));
    if (!m_loading) return;
    runInPool(
        m_pool, this,
        [folder = m_folder] {
            FirstRead read;
            read.data = readRunFolder(folder, read.tail);
            return read;
        },
        [this, generation](FirstRead& read) {
            if (generation != m_generation) return;
            m_tail = std::move(read.tail);
            m_loading = false;
            m_summaryTime = m_layersTime = {};
            m_withoutEvents = !QFileInfo::exists(m_tail.path());
            m_timer.start();
            m_store->replace(std::move(read.data));
            Q_EMIT loaded();
        },
        [this, generation](const QString& trouble) {
            if (generation != m_generation) return;
            m_loading = false;
            m_store->replace(unreadRun(m_folder, trouble));
            Q_EMIT loaded();
        });
}

void RunFeed::noteMissing() {
    RunData& data = m_store->edit();
    if (data.status == RunStatus::Gone || QFileInfo::exists(m_folder)) return;
    m_statusBeforeGone = data.status;
    data.status = RunStatus::Gone;
    data.trouble = QCoreApplication::translate("RunFeed", "The run folder %1 is no longer there.").arg(m_folder);
    m_store->notify(kRunStatus);
}

unsigned RunFeed::readSideFiles() {
    const QDir dir(m_folder);
    unsigned mask = 0;
    const auto newer = [&dir](const QString& name, QDateTime& seen) {
        const QDateTime written = QFileInfo(dir.filePath(name)).lastModified();
        if (!written.isValid() || written == seen) return false;
        seen = written;
        return true;
    };
    if (newer(qtext(run_files::kSummary), m_summaryTime))
        mask |= readRunSummary(m_store->edit(), dir.filePath(qtext(run_files::kSummary)));
    if (newer(qtext(run_files::kLayers), m_layersTime))
        mask |= readLayerList(m_store->edit(), dir.filePath(qtext(run_files::kLayers)));
    return mask;
}

void RunFeed::tick() {
    RunData& data = m_store->edit();
    unsigned mask = 0;
    const EventTail::State state =
        m_tail.read(kPerTick, [&](const QByteArray& line) { mask |= applyEventLine(data, line); });
    const bool firstEvents = m_withoutEvents && state != EventTail::State::Missing;
    if (state == EventTail::State::Replaced || firstEvents) {
        load();
        return;
    }
    if (state == EventTail::State::Missing) noteMissing();
    const bool back = data.status == RunStatus::Gone && state != EventTail::State::Missing;
    if (back) {
        data.trouble.clear();
        data.status = m_statusBeforeGone;
    }
    if (++m_ticks % kTicksPerSideRead == 0 && QFileInfo::exists(m_folder)) {
        mask |= readSideFiles();
        const auto before = std::pair(data.status, data.holder.state);
        settleStatus(data);
        if (before != std::pair(data.status, data.holder.state)) mask |= kRunStatus;
    }
    m_store->notify(back ? mask | kRunStatus : mask);
}

}  // namespace qat::ui
