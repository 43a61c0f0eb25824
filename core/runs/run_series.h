// One series of a run, in the order it was written.
#pragma once

#include <optional>
#include <utility>
#include <vector>

namespace qat {

// `starts` holds the index of the first point of every piece: x never goes backwards inside a piece, so a resumed run
// does not draw a zig-zag. A value that was not finite is NaN.
struct RunSeries {
    struct Point {
        double x = 0, value = 0, t = 0;  // x: step or epoch; t: run time, seconds
    };
    std::vector<Point> points;
    std::vector<size_t> starts;

    void add(double x, double value, double t);
    std::optional<double> last() const;  // newest finite value
    std::optional<Point> best() const;   // highest finite value
    // Finite values by x, ascending; of equal x the last written: what a resumed run did again counts once.
    std::vector<std::pair<double, double>> curve() const;
};

}  // namespace qat
