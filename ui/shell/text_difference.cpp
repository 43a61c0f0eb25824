// The longest common subsequence of lines, and its colours.
#include "shell/text_difference.h"

#include <QDialog>
#include <QDialogButtonBox>
#include <QStringList>
#include <QTextBrowser>
#include <QVBoxLayout>
#include <algorithm>

#include "style/theme_hub.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

using Kind = DifferenceLine::Kind;

constexpr qsizetype kMostCells = 4'000'000;
constexpr size_t kLinesAround = 3;

// The part of both lists between what they begin and end with alike.
void addMiddle(const QStringList& before, const QStringList& after, std::vector<DifferenceLine>& lines) {
    const qsizetype rows = before.size(), columns = after.size();
    std::vector<int> common;  // of what follows (row, column)
    if ((rows + 1) * (columns + 1) <= kMostCells) {
        common.assign(static_cast<size_t>((rows + 1) * (columns + 1)), 0);
        const auto at = [&](qsizetype r, qsizetype c) -> int& {
            return common[static_cast<size_t>(r * (columns + 1) + c)];
        };
        for (qsizetype r = rows - 1; r >= 0; --r)
            for (qsizetype c = columns - 1; c >= 0; --c)
                at(r, c) = before[r] == after[c] ? at(r + 1, c + 1) + 1 : std::max(at(r + 1, c), at(r, c + 1));
    }
    const auto left = [&](qsizetype r, qsizetype c) {
        return common.empty() ? 0 : common[static_cast<size_t>(r * (columns + 1) + c)];
    };
    qsizetype r = 0, c = 0;
    while (r < rows || c < columns) {
        if (!common.empty() && r < rows && c < columns && before[r] == after[c]) {
            lines.push_back({Kind::Same, before[r++]});
            ++c;
        } else if (r < rows && (c == columns || left(r + 1, c) >= left(r, c + 1))) {
            lines.push_back({Kind::Removed, before[r++]});
        } else {
            lines.push_back({Kind::Added, after[c++]});
        }
    }
}

// Differing lines with some around them; a row of dots stands for the rest.
QString asHtml(const std::vector<DifferenceLine>& lines, const Theme& theme) {
    std::vector<bool> shown(lines.size(), false);
    for (size_t i = 0; i < lines.size(); ++i)
        if (lines[i].kind != Kind::Same)
            for (size_t k = i < kLinesAround ? 0 : i - kLinesAround; k < std::min(lines.size(), i + kLinesAround + 1);
                 ++k)
                shown[k] = true;
    QString html = QStringLiteral("<table width=100% cellspacing=0 cellpadding=1>");
    bool gap = false;
    for (size_t i = 0; i < lines.size(); ++i) {
        if (!shown[i]) {
            if (!gap) html += QStringLiteral("<tr><td colspan=2>⋯</td></tr>");
            gap = true;
            continue;
        }
        gap = false;
        const Kind kind = lines[i].kind;
        const QString fill =
            kind == Kind::Same
                ? QString()
                : QStringLiteral(" bgcolor=%1")
                      .arg(theme.color(kind == Kind::Added ? Color::SuccessSoft : Color::ErrorSoft).name());
        const QChar mark = kind == Kind::Same ? QChar(u' ') : kind == Kind::Added ? QChar(u'+') : QChar(0x2212);
        html += QStringLiteral("<tr%1><td width=20 align=center>%2</td><td><pre style='margin:0'>%3</pre></td></tr>")
                    .arg(fill, mark, lines[i].text.toHtmlEscaped());
    }
    return html + QStringLiteral("</table>");
}

}  // namespace

std::vector<DifferenceLine> lineDifference(const QString& before, const QString& after) {
    const QStringList a = before.split(QLatin1Char('\n')), b = after.split(QLatin1Char('\n'));
    const qsizetype shorter = std::min(a.size(), b.size());
    qsizetype head = 0, tail = 0;
    while (head < shorter && a[head] == b[head]) ++head;
    while (tail < shorter - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
    std::vector<DifferenceLine> lines;
    for (qsizetype i = 0; i < head; ++i) lines.push_back({Kind::Same, a[i]});
    addMiddle(a.mid(head, a.size() - head - tail), b.mid(head, b.size() - head - tail), lines);
    for (qsizetype i = a.size() - tail; i < a.size(); ++i) lines.push_back({Kind::Same, a[i]});
    return lines;
}

void showTextDifference(const ThemeHub& hub, const QString& name, const QString& file, const QString& here,
                        QWidget* parent) {
    auto* dialog = new QDialog(parent);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(QDialog::tr("Differences of %1").arg(name));
    dialog->resize(hub.px(760), hub.px(520));
    auto* column = new QVBoxLayout(dialog);
    auto* legend = new ThemedLabel(hub, QDialog::tr("− only in the file on the disk      + only in the text here"),
                                   TextStyle::Small, Color::Text2, dialog);
    column->addWidget(legend);
    auto* text = new QTextBrowser(dialog);
    text->setFont(hub.theme().smallCode);
    text->setAccessibleName(dialog->windowTitle());
    const auto lines = lineDifference(file, here);
    const bool none = std::ranges::all_of(lines, [](const DifferenceLine& l) { return l.kind == Kind::Same; });
    text->setHtml(none ? QDialog::tr("Both say the same.") : asHtml(lines, hub.theme()));
    column->addWidget(text, 1);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, dialog);
    QObject::connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
    column->addWidget(buttons);
    dialog->show();
}

}  // namespace qat::ui
