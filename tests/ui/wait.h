// Running the event loop until something is true.
#pragma once

#include <QCoreApplication>
#include <QElapsedTimer>
#include <functional>

namespace qat::test {

// True once the condition holds; false after the time is up.
inline bool waitFor(const std::function<bool()>& condition, int atMostMs = 10000) {
    QElapsedTimer clock;
    clock.start();
    while (!condition()) {
        if (clock.elapsed() > atMostMs) return false;
        QCoreApplication::processEvents(QEventLoop::AllEvents, 20);
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    }
    return true;
}

}  // namespace qat::test
