// Posting, noting and ranking delays.
#include "ui_live/watchdog.h"

#include <QCoreApplication>
#include <QEvent>
#include <QHash>
#include <algorithm>
#include <fstream>

namespace qat::test {
namespace {

constexpr auto kPause = std::chrono::milliseconds(5);

struct Probe : QEvent {
    explicit Probe(double withoutCore) : QEvent(QEvent::User), withoutCoreBefore(withoutCore) {}
    double withoutCoreBefore;
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
        if (!m_waiting.exchange(true)) QCoreApplication::postEvent(this, new Probe(secondsWithoutCore()));
        std::this_thread::sleep_for(kPause);
    }
}

void Watchdog::customEvent(QEvent* event) {
    const auto& probe = *static_cast<Probe*>(event);
    const std::chrono::duration<double> waited = Clock::now() - probe.posted;
    const double own = waited.count() - (secondsWithoutCore() - probe.withoutCoreBefore);
    m_delays.push_back({1000 * std::max(0.0, own), m_activity});
    m_waiting = false;
}

double Watchdog::secondsWithoutCore() const {
    std::ifstream file(m_schedule);
    double running = 0, waiting = 0;  // nanoseconds
    return file >> running >> waiting ? waiting / 1e9 : 0;
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
