// Numbers as the window shows them: fixed digits, thin spaces, a true minus. Files and the clipboard never use these.
// And what the core says, as a sentence.
#pragma once

#include <QString>
#include <cstdint>

namespace qat::ui {

inline constexpr QChar kTrueMinus(0x2212);

QString formatScore(double value, int digits = 4);   // 0.4712; en dash for NaN
QString formatChange(double value, int digits = 4);  // +0.0031, U+2212 minus, 0.0000
QString formatPercent(double share);                 // 0.136 -> 13.6 %, one decimal under 20 %, none above
// `one` for 1, else `many` with %1 replaced by the number.
QString counted(int64_t count, const QString& one, const QString& many);
QString formatCount(int64_t count);                       // 3 151 904 in thin-space groups
QString formatBytes(int64_t bytes);                       // 432 B, 59.4 kB, 1.71 MB
QString formatAmount(double amount);                      // 59.0 M, 4.37 G (operations)
QString formatDuration(double seconds);                   // 0.21 s, 13 min 10 s, 2 h 05 min
QString formatSignificant(double value, int digits = 4);  // 4 significant digits, true minus, "not finite"

// What a core's error or log line becomes in a message: an upper case beginning, unless it is a name, and a full stop.
// The core's sentences go on after a file's name and begin small.
QString asSentence(const QString& text);

}  // namespace qat::ui
