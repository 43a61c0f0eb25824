// Choosing exponent and digits, and writing numbers with them.
#include "widgets/number_form.h"

#include <QLocale>
#include <algorithm>
#include <cmath>

#include "widgets/format.h"

namespace qat::ui {
namespace {

constexpr int kLeastPlain = -2, kMostPlain = 5;  // powers of ten of largest values that need no unit

QString superscript(int number) {
    QString text;
    for (const QChar digit : QString::number(std::abs(number))) {
        switch (digit.digitValue()) {
            case 1:
                text += QChar(0x00B9);
                break;
            case 2:
            case 3:
                text += QChar(0x00B0 + digit.digitValue());
                break;
            default:
                text += QChar(0x2070 + digit.digitValue());
        }
    }
    return (number < 0 ? QString(QChar(0x207B)) : QString()) + text;
}

// 2.6e−5
QString shortest(double value) {
    QString text = QLocale().toString(value, 'e', 1);
    const qsizetype at = text.lastIndexOf(QLatin1Char('e'), -1, Qt::CaseInsensitive);
    const int power = text.mid(at + 1).replace(kTrueMinus, QLatin1Char('-')).toInt();
    text = text.left(at + 1).toLower() + QString::number(power);
    return text.replace(QLatin1Char('-'), kTrueMinus);
}

}  // namespace

NumberForm numberForm(const std::vector<double>& values, int most) {
    double largest = 0;
    for (const double value : values)
        if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
    if (largest == 0) return {0, most};
    const int power = static_cast<int>(std::floor(std::log10(largest)));
    if (power >= kLeastPlain && power <= kMostPlain) return {0, std::clamp(3 - power, 0, most)};
    const int exponent = 3 * static_cast<int>(std::floor(power / 3.0));
    return {exponent, std::max(1, 2 - (power - exponent))};
}

QString formatIn(const NumberForm& form, double value) {
    if (std::isnan(value)) return QString(QChar(0x2013));
    if (!std::isfinite(value)) return QStringLiteral("not finite");
    const double scaled = value / std::pow(10.0, form.exponent);
    if (scaled != 0 && std::abs(scaled) < std::pow(10.0, -form.decimals)) return shortest(scaled);
    return QLocale().toString(scaled, 'f', form.decimals).replace(QLatin1Char('-'), kTrueMinus);
}

QString unitOf(const NumberForm& form) {
    return form.exponent == 0 ? QString() : QStringLiteral("×10") + superscript(form.exponent);
}

}  // namespace qat::ui
