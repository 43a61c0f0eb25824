// Posting, noting and ranking delays.
#include "ui_live/watchdog.h"

#include <QCoreApplication>
#include <QEvent>
#include <QHash>
#include <algorithm>

namespace qat::test {
namespace {

constexpr auto kPause = std::chrono::milliseconds(5);

struct Probe : QEvent {
    Probe() : QEvent(QEvent::User) {}
    Watchdog::Clock::time_point posted = Watchdog::Clock::now();
};

}  // namespace

Watchdog::Watchdog() : m_thread([this] { watch(); }) {}

Watchdog::~Watchdog() {
    m_stop = true;
    m_thread.join();
}

// One event at a time is under way: a blocked loop is one long delay, not many.
void Watchdog::watch() {
    while (!m_stop) {
        if (!m_waiting.exchange(true)) QCoreApplication::postEvent(this, new Probe);
        std::this_thread::sleep_for(kPause);
    }
}

void Watchdog::customEvent(QEvent* event) {
    const auto waited = Clock::now() - static_cast<Probe*>(event)->posted;
    m_delays.push_back({std::chrono::duration<double, std::milli>(waited).count(), m_activity});
    m_waiting = false;
}

double Watchdog::quantile(double share) const {
    if (m_delays.empty()) return 0;
    std::vector<double> sorted;
    for (const Delay& delay : m_delays) sorted.push_back(delay.ms);
    std::ranges::sort(sorted);
    return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
}

std::vector<Watchdog::Delay> Watchdog::worst(size_t count) const {
    QHash<QString, double> longest;
    for (const Delay& delay : m_delays) longest[delay.during] = std::max(longest.value(delay.during), delay.ms);
    std::vector<Delay> ranked;
    for (auto at = longest.begin(); at != longest.end(); ++at) ranked.push_back({at.value(), at.key()});
    std::ranges::sort(ranked, std::greater(), &Delay::ms);
    ranked.resize(std::min(count, ranked.size()));
    return ranked;
}

}  // namespace qat::test
