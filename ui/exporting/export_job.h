// Exports on a thread of its own and tells the window what was written.
#pragma once

#include <QObject>
#include <QString>
#include <QThreadPool>
#include <memory>
#include <vector>

#include "base/cancel.h"
#include "session/export_run.h"

namespace qat::ui {

class ExportJob : public QObject {
    Q_OBJECT
public:
    explicit ExportJob(QObject* parent = nullptr);
    ~ExportJob() override;  // asks a running export to stop and waits for it

    bool isRunning() const { return m_cancel != nullptr; }
    // One export at a time; a second call while one runs does nothing.
    void start(const ExportRequest& request);
    void stop();

Q_SIGNALS:
    // files as exportModel returned them; error is one sentence, "" on success.
    void finished(const std::vector<qat::ExportedFile>& files, const QString& error);

private:
    std::shared_ptr<CancelToken> m_cancel;  // set while running
    QThreadPool m_pool;
};

}  // namespace qat::ui
