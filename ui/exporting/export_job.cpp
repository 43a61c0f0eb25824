// Runs exportModel and carries its result back to the window's thread.
#include "exporting/export_job.h"

#include "feed/trouble.h"

namespace qat::ui {

ExportJob::ExportJob(QObject* parent) : QObject(parent) {
    m_pool.setMaxThreadCount(1);
}

ExportJob::~ExportJob() {
    stop();
    m_pool.waitForDone();
}

void ExportJob::stop() {
    if (m_cancel) m_cancel->request(StopLevel::Abandon);
}

void ExportJob::start(const ExportRequest& request) {
    if (m_cancel) return;
    m_cancel = std::make_shared<CancelToken>();
    m_pool.start([this, request, cancel = m_cancel] {
        std::vector<ExportedFile> files;
        const QString error = troubleOf([&] {
            NullSink sink;
            files = exportModel(request, sink, *cancel);
        });
        QMetaObject::invokeMethod(
            this,
            [this, files, error] {
                m_cancel.reset();
                Q_EMIT finished(files, error);
            },
            Qt::QueuedConnection);
    });
}

}  // namespace qat::ui
