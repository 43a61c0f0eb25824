// Ranks and lists what matches.
#include "shell/command_palette.h"

#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QVBoxLayout>
#include <algorithm>

#include "style/theme_hub.h"
#include "style/theme_icon.h"

namespace qat::ui {
namespace {

constexpr int kMostShown = 60;

}  // namespace

int fuzzyScore(const QString& needle, const QString& text) {
    int score = 0;
    qsizetype at = 0, last = -2;
    for (const QChar letter : needle) {
        if (letter.isSpace()) continue;
        at = text.indexOf(letter, at, Qt::CaseInsensitive);
        if (at < 0) return -1;
        const bool wordStart = at == 0 || !text[at - 1].isLetterOrNumber();
        score += at == last + 1 ? 5 : wordStart ? 4 : 1;
        last = at++;
    }
    return score;
}

CommandPalette::CommandPalette(const ThemeHub& hub, std::vector<PaletteEntry> entries, QWidget* parent)
    : QDialog(parent, Qt::Popup),
      m_entries(std::move(entries)),
      m_field(new QLineEdit(this)),
      m_list(new QListWidget(this)) {
    setAttribute(Qt::WA_DeleteOnClose);
    resize(hub.px(560), hub.px(380));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(hub.px(8), hub.px(8), hub.px(8), hub.px(8));
    m_field->setPlaceholderText(tr("Find action or layer"));
    m_field->setAccessibleName(tr("Find action or layer"));
    m_field->addAction(themeIcon(hub, QStringLiteral("search"), Color::Text3), QLineEdit::LeadingPosition);
    m_field->installEventFilter(this);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setUniformItemSizes(true);
    m_list->setAccessibleName(tr("Matches"));
    column->addWidget(m_field);
    column->addWidget(m_list, 1);
    connect(m_field, &QLineEdit::textChanged, this, &CommandPalette::filter);
    connect(m_field, &QLineEdit::returnPressed, this, &CommandPalette::runCurrent);
    connect(m_list, &QListWidget::itemActivated, this, &CommandPalette::runCurrent);
    connect(m_list, &QListWidget::itemClicked, this, &CommandPalette::runCurrent);
    filter({});
    m_field->setFocus();
}

void CommandPalette::filter(const QString& needle) {
    std::vector<std::pair<int, int>> ranked;  // score, index
    for (int i = 0; i < static_cast<int>(m_entries.size()); ++i)
        if (const int score = fuzzyScore(needle, m_entries[i].text); score >= 0) ranked.emplace_back(score, i);
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    if (ranked.size() > kMostShown) ranked.resize(kMostShown);
    m_list->clear();
    for (const auto& [score, index] : ranked) {
        const PaletteEntry& entry = m_entries[index];
        auto* item = new QListWidgetItem(entry.detail.isEmpty() ? entry.text
                                                                : entry.text + QStringLiteral("    ") + entry.detail);
        item->setData(Qt::UserRole, index);
        m_list->addItem(item);
    }
    m_list->setCurrentRow(0);
}

void CommandPalette::runCurrent() {
    const QListWidgetItem* item = m_list->currentItem();
    if (!item) return;
    const auto run = m_entries[item->data(Qt::UserRole).toInt()].run;
    close();
    if (run) run();
}

// Up and Down move in the list while the words are typed.
bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_field && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        const int step = key->key() == Qt::Key_Down ? 1 : key->key() == Qt::Key_Up ? -1 : 0;
        if (step && m_list->count() > 0) {
            m_list->setCurrentRow((m_list->currentRow() + step + m_list->count()) % m_list->count());
            return true;
        }
    }
    return QDialog::eventFilter(watched, event);
}

}  // namespace qat::ui
