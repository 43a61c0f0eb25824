// Runs runPipeline on the one heavy lane.
#include "shell/job_launcher.h"

#include <QDir>

#include "feed/trouble.h"

namespace qat::ui {
namespace {

// Deep graphs recurse in autograd; the default stack of a pool thread is smaller than the main thread's.
constexpr uint kStackBytes = 64u << 20;

JobResult runJob(const JobRequest& request, CancelToken& cancel) {
    JobResult result;
    result.error = troubleOf([&] {
        NullSink sink;
        result.outcome = runPipeline(request, sink, cancel);
    });
    result.failed = !result.error.isEmpty();
    return result;
}

}  // namespace

JobLauncher::JobLauncher(QObject* parent) : QObject(parent) {
    m_pool.setMaxThreadCount(1);
    m_pool.setStackSize(kStackBytes);
}

JobLauncher::~JobLauncher() {
    if (m_cancel) m_cancel->request(StopLevel::Abandon);
    m_pool.waitForDone();
}

bool JobLauncher::start(const JobRequest& request) {
    if (m_cancel) return false;
    m_cancel = std::make_shared<CancelToken>();
    m_folder = QDir(QString::fromStdString(request.out.string())).absolutePath();
    m_pool.start([this, request, cancel = m_cancel] {
        const JobResult result = runJob(request, *cancel);
        QMetaObject::invokeMethod(
            this,
            [this, result] {
                m_cancel.reset();
                Q_EMIT finished(result);
            },
            Qt::QueuedConnection);
    });
    Q_EMIT started(m_folder);
    return true;
}

void JobLauncher::stop(StopLevel level) {
    if (!m_cancel) return;
    m_cancel->request(level);
    Q_EMIT stopping();
}

}  // namespace qat::ui
