// Measuring a group of contenders, each against another one of the group.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "table.h"
#include "timing.h"

namespace qat::bench {

// How a time becomes a row's value: milliseconds, or an amount of something a second.
struct Unit {
    std::string name = "ms";
    double amount = 0;  // a run of the work handles so much; 0: the value is the time
    double share = 1;   // of the time that counts, e.g. 1 / 16 for the time of one image of 16

    double valueOf(double seconds) const { return amount > 0 ? amount / seconds : 1e3 * share * seconds; }
};

struct Contender {
    std::string name;
    std::string baseline;  // name of a contender in the same group, "" for none
    Unit unit;
    std::function<Work()> prepare;  // builds what the work needs; called only if it is measured
};

// What the command line chose.
struct Settings {
    bool quick = false;                // one warm-up and two counted rounds at most
    std::vector<std::string> filters;  // measure rows whose name contains one of these; none: all
    std::string model;                 // a file or name for openModel(); "": random yolov8n

    bool wants(const std::string& name) const;
    Rounds limited(const Rounds& rounds) const;
};

// Adds a row for each wanted contender; the baselines of wanted ones are measured with them.
void compare(const Settings& settings, const Rounds& rounds, const std::vector<Contender>& contenders, Table& table);

}  // namespace qat::bench
