// A run that the gate of large models kept from starting: what is missing, and how to run it nevertheless.
#pragma once

#include <QObject>
#include <functional>

#include "session/session.h"
#include "shell/window_frame.h"

namespace qat::ui {

class JobController;

// Key of the offer to run although the gate is closed; it is about the document that was to run.
inline const auto kGateMessage = QStringLiteral("gate");

class GateController : public QObject {
    Q_OBJECT
public:
    // `jobs` outlives it.
    GateController(const WindowParts& parts, JobController* jobs);
    // What the gate misses, with the ways out. What runs then is the configuration as it is at that time, not as it
    // was when the gate was asked.
    void offer(const QString& missing, const JobRequest& request);
    void withdraw();

    // Asks whether a run is to start although the gate is closed; given what the gate misses. Replaced by tests.
    std::function<bool(const QString& missing)> ask;

Q_SIGNALS:
    void settingsRequested();  // of the gate, in the configuration

private:
    bool askUser(const QString& missing);

    WindowParts m_parts;
    JobController* m_jobs;
};

}  // namespace qat::ui
