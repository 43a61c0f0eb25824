// How long the event loop makes an event wait: another thread posts one every few milliseconds and notes when it was
// handled. What a click would wait is what these events wait, less the time in which the machine gave the loop's thread
// no core: that is no fault of the program, and on a busy machine it is most of it.
#pragma once

#include <unistd.h>

#include <QObject>
#include <QString>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace qat::test {

class Watchdog : public QObject {
public:
    using Clock = std::chrono::steady_clock;

    struct Delay {
        double ms = 0;   // without a core not counted
        QString during;  // what the user did last
    };

    Watchdog();
    ~Watchdog() override;

    void setActivity(const QString& activity) { m_activity = activity; }
    const std::vector<Delay>& delays() const { return m_delays; }
    double quantile(double share) const;           // of the delays, in ms; 0 without any
    std::vector<Delay> worst(size_t count) const;  // the longest one of each activity, longest first

protected:
    void customEvent(QEvent* event) override;

private:
    void watch();
    // Seconds that the loop's thread has been ready and had no core; 0 where the kernel does not count them.
    double secondsWithoutCore() const;

    const std::string m_schedule = "/proc/self/task/" + std::to_string(::gettid()) + "/schedstat";
    std::vector<Delay> m_delays;
    QString m_activity;
    std::atomic<bool> m_waiting = false;
    std::atomic<bool> m_stop = false;
    std::thread m_thread;
};

}  // namespace qat::test
