// One form for all numbers of a column: the same unit and digits in the table, in its chart and on the chart's axis.
#pragma once

#include <QString>
#include <vector>

namespace qat::ui {

// Numbers are shown divided by 10^exponent, which the header names, with `decimals` digits after the point.
struct NumberForm {
    int exponent = 0;  // a multiple of 3
    int decimals = 4;
    bool operator==(const NumberForm&) const = default;
};

// The form in which the largest of the values has four significant digits (three where the header has a unit), but
// never more than `most` decimals. Values that are not finite do not count.
NumberForm numberForm(const std::vector<double>& values, int most);

// The number without its unit, with a true minus. What would lose all its digits in the form keeps two: 2.6e−5. En dash
// for NaN, "not finite" for infinities.
QString formatIn(const NumberForm& form, double value);

// "×10⁻⁹"; "" for exponent 0.
QString unitOf(const NumberForm& form);

}  // namespace qat::ui
