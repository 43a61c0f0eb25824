// Colours of YAML text: keys, strings, numbers, comments.
#pragma once

#include <QSyntaxHighlighter>

namespace qat::ui {

class ThemeHub;

class YamlHighlighter : public QSyntaxHighlighter {
    Q_OBJECT
public:
    YamlHighlighter(const ThemeHub& hub, QTextDocument* document);

protected:
    void highlightBlock(const QString& text) override;

private:
    const ThemeHub& m_hub;
};

}  // namespace qat::ui
