// A small line scanner; good for the YAML people write in configurations.
#include "configure/yaml_highlighter.h"

#include <QRegularExpression>

#include "style/theme_hub.h"

namespace qat::ui {
namespace {

constexpr qsizetype kLongestLine = 4000;  // longer lines stay plain

// End of the quoted string that begins at `from` (one past the closing quote, or the line's end).
qsizetype quotedEnd(const QString& text, qsizetype from) {
    const QChar quote = text[from];
    qsizetype at = from + 1;
    while (at < text.size() && text[at] != quote)
        at += quote == QLatin1Char('"') && text[at] == QLatin1Char('\\') ? 2 : 1;
    return std::min(at + 1, text.size());
}

bool isScalarLiteral(const QString& word) {
    static const QRegularExpression literal(
        QStringLiteral("^(true|false|null|~|[-+]?(\\d[\\d_]*)?\\.?\\d+([eE][-+]?\\d+)?)$"));
    return literal.match(word).hasMatch();
}

}  // namespace

YamlHighlighter::YamlHighlighter(const ThemeHub& hub, QTextDocument* document)
    : QSyntaxHighlighter(document), m_hub(hub) {
    connect(&hub, &ThemeHub::changed, this, &QSyntaxHighlighter::rehighlight);
}

void YamlHighlighter::highlightBlock(const QString& text) {
    if (text.size() > kLongestLine) return;
    static const QString punctuation = QStringLiteral(":,[]{}-|>&*");
    qsizetype at = 0;
    while (at < text.size()) {
        const QChar letter = text[at];
        qsizetype end = at + 1;
        Color token = Color::Text;
        if (letter == QLatin1Char('#') && (at == 0 || text[at - 1].isSpace())) {
            end = text.size();
            token = Color::Text3;
        } else if (letter == QLatin1Char('"') || letter == QLatin1Char('\'')) {
            end = quotedEnd(text, at);
            token = Color::YamlString;
        } else if (letter.isLetterOrNumber() || QStringLiteral("_.+-~/").contains(letter)) {
            while (end < text.size() &&
                   (text[end].isLetterOrNumber() || QStringLiteral("_.+-/~\\").contains(text[end])))
                ++end;
            const bool isKey = end < text.size() && text[end] == QLatin1Char(':');
            const QString word = text.mid(at, end - at);
            if (word == QLatin1String("-"))
                token = Color::Text3;
            else if (!isKey && isScalarLiteral(word))
                token = Color::YamlNumber;
            else if (!isKey)
                token = Color::YamlString;
        } else if (punctuation.contains(letter)) {
            token = Color::Text3;
        }
        setFormat(static_cast<int>(at), static_cast<int>(end - at), m_hub.color(token));
        at = end;
    }
}

}  // namespace qat::ui
