// Two texts line by line, as a window that shows what one has and the other has not.
#pragma once

#include <QString>
#include <QWidget>
#include <vector>

namespace qat::ui {

class ThemeHub;

struct DifferenceLine {
    enum class Kind { Same, Removed, Added };
    Kind kind = Kind::Same;
    QString text;
    bool operator==(const DifferenceLine&) const = default;
};

// A shortest way from `before` to `after` in whole lines. Texts that differ in thousands of lines are taken as
// replaced.
std::vector<DifferenceLine> lineDifference(const QString& before, const QString& after);

// Shows it until closed: lines of the file, and those of the text here.
void showTextDifference(const ThemeHub& hub, const QString& name, const QString& file, const QString& here,
                        QWidget* parent);

}  // namespace qat::ui
