// Formatting of numbers for the screen.
#include "widgets/format.h"

#include <QLocale>
#include <cmath>

namespace qat::ui {
namespace {

constexpr QChar kThin(0x2009);
constexpr QChar kDash(0x2013);

QString trueMinus(QString text) {
    return text.replace(QLatin1Char('-'), kTrueMinus);
}

QString fixed(double value, int digits) {
    return trueMinus(QLocale().toString(value, 'f', digits));
}

// Three significant digits of a value below 1000 with a unit.
QString threeDigits(double value, const QString& unit) {
    const int digits = value < 10 ? 2 : value < 100 ? 1 : 0;
    return fixed(value, digits) + kThin + unit;
}

}  // namespace

QString formatScore(double value, int digits) {
    return std::isfinite(value) ? fixed(value, digits) : QString(kDash);
}

QString formatChange(double value, int digits) {
    if (!std::isfinite(value)) return QString(kDash);
    const QString text = fixed(std::abs(value), digits);
    const bool zero = std::abs(value) < 0.5 * std::pow(10.0, -digits);
    return zero ? text : (value < 0 ? QString(kTrueMinus) : QStringLiteral("+")) + text;
}

QString formatPercent(double share) {
    if (!std::isfinite(share)) return QString(kDash);
    const double percent = share * 100;
    return fixed(percent, std::abs(percent) < 20 ? 1 : 0) + kThin + QLatin1Char('%');
}

QString formatCount(int64_t count) {
    QString digits = QString::number(count);
    for (qsizetype at = digits.size() - 3; at > (count < 0 ? 1 : 0); at -= 3) digits.insert(at, kThin);
    return trueMinus(digits);
}

QString counted(int64_t count, const QString& one, const QString& many) {
    return count == 1 ? one : many.arg(count);
}

QString formatBytes(int64_t bytes) {
    const double value = static_cast<double>(bytes);
    if (bytes < 1000) return QString::number(bytes) + kThin + QStringLiteral("B");
    if (value < 1e6) return threeDigits(value / 1e3, QStringLiteral("kB"));
    if (value < 1e9) return threeDigits(value / 1e6, QStringLiteral("MB"));
    return threeDigits(value / 1e9, QStringLiteral("GB"));
}

QString formatAmount(double amount) {
    if (amount < 1e3) return QString::number(amount, 'f', 0);
    if (amount < 1e6) return threeDigits(amount / 1e3, QStringLiteral("k"));
    if (amount < 1e9) return threeDigits(amount / 1e6, QStringLiteral("M"));
    return threeDigits(amount / 1e9, QStringLiteral("G"));
}

QString formatDuration(double seconds) {
    if (!std::isfinite(seconds) || seconds < 0) return QString(kDash);
    if (seconds < 10) return fixed(seconds, seconds < 1 ? 2 : 1) + QStringLiteral(" s");
    const auto whole = static_cast<int64_t>(std::llround(seconds));
    if (whole < 60) return QStringLiteral("%1 s").arg(whole);
    if (whole < 3600) return QStringLiteral("%1 min %2 s").arg(whole / 60).arg(whole % 60, 2, 10, QLatin1Char('0'));
    return QStringLiteral("%1 h %2 min").arg(whole / 3600).arg(whole / 60 % 60, 2, 10, QLatin1Char('0'));
}

QString asSentence(const QString& text) {
    if (text.isEmpty()) return {};
    QString sentence = text;
    qsizetype word = 0;
    while (word < text.size() && text[word].isLower()) ++word;
    if (word < text.size() && (text[word] == QLatin1Char(' ') || text[word] == QLatin1Char(',')))
        sentence[0] = sentence[0].toUpper();
    static const QString kEnds = QStringLiteral(".!?");
    return kEnds.contains(sentence.back()) ? sentence : sentence + QLatin1Char('.');
}

QString formatSignificant(double value, int digits) {
    if (!std::isfinite(value)) return QStringLiteral("not finite");
    return trueMinus(QLocale().toString(value, 'g', digits));
}

}  // namespace qat::ui
