// What the user does, by mouse and keyboard events on whatever is visible.
#include "ui_live/user.h"

#include <QComboBox>
#include <QHeaderView>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QTest>
#include <QUndoStack>

#include "shell/main_window.h"
#include "shell/manual_window.h"
#include "style/theme_hub.h"
#include "widgets/row_table.h"
#include "widgets/segment_bar.h"

namespace qat::test {
namespace {

template <class Widget, class Do>
void onVisible(QWidget& window, const Do& act) {
    for (Widget* widget : window.findChildren<Widget*>())
        if (widget->isVisible() && widget->isEnabled()) act(*widget);
}

}  // namespace

User::User(ui::MainWindow& window, ui::ThemeHub& theme) : m_window(window), m_theme(theme) {
    addPage(1, ui::pages::kConfigure);
    m_actions.emplace_back(QStringLiteral("type into the configuration"), [this] {
        onVisible<QPlainTextEdit>(m_window, [](QPlainTextEdit& editor) {
            if (!editor.isReadOnly()) QTest::keyClicks(&editor, QStringLiteral("# x"));
        });
        m_window.document()->undoStack()->setIndex(0);
    });
    addPage(2, ui::pages::kRun);
    addPage(3, ui::pages::kAnalyze);
    addPage(4, ui::pages::kCompare);
    addPage(5, ui::pages::kExport);
    m_actions.emplace_back(QStringLiteral("change the theme"), [&theme] {
        theme.setMode(theme.theme().dark ? ui::ThemeHub::Mode::Light : ui::ThemeHub::Mode::Dark);
    });
    m_actions.emplace_back(QStringLiteral("open the manual"),
                           [this] { (new ui::ManualWindow(m_theme, &m_window))->show(); });
    m_actions.emplace_back(QStringLiteral("show the reference"), [this] {
        m_window.findChild<ui::ManualWindow*>()->showManualPage(QStringLiteral("config-reference"));
    });
    m_actions.emplace_back(QStringLiteral("close the manual"),
                           [this] { delete m_window.findChild<ui::ManualWindow*>(); });
    m_actions.emplace_back(QStringLiteral("resize the window"), [this] {
        m_window.resize(m_window.width() == 1600 ? QSize(1280, 800) : QSize(1600, 1000));
    });
}

void User::addPage(int digit, const QString& key) {
    m_actions.emplace_back(QStringLiteral("show %1").arg(key), [this, digit, key] {
        QTest::keyClick(&m_window, static_cast<Qt::Key>(Qt::Key_0 + digit), Qt::ControlModifier);
        m_window.showPage(key);
    });
    m_actions.emplace_back(QStringLiteral("%1: choose segments").arg(key), [this] { clickSegments(); });
    m_actions.emplace_back(QStringLiteral("%1: choose rows").arg(key), [this] { clickRows(); });
    m_actions.emplace_back(QStringLiteral("%1: sort tables").arg(key), [this] { sortTables(); });
    m_actions.emplace_back(QStringLiteral("%1: use fields").arg(key), [this] { useFields(); });
}

// The perspective switch is the one in the tool bar; it has actions of its own.
void User::clickSegments() {
    onVisible<ui::SegmentBar>(*m_window.centralWidget(), [this](ui::SegmentBar& bar) {
        QTest::mouseClick(&bar, Qt::LeftButton, {}, {bar.width() * (m_turn % 4 * 2 + 1) / 8, bar.height() / 2});
    });
}

void User::clickRows() {
    onVisible<ui::RowTable>(*m_window.centralWidget(), [this](ui::RowTable& table) {
        const int row = m_turn % std::max(1, std::min(8, table.model() ? table.model()->rowCount() : 0));
        QTest::mouseClick(table.viewport(), Qt::LeftButton, {}, {40, table.rowViewportPosition(row) + 8});
    });
}

void User::sortTables() {
    onVisible<ui::RowTable>(*m_window.centralWidget(), [this](ui::RowTable& table) {
        QHeaderView* header = table.horizontalHeader();
        if (header->count() == 0 || !header->isVisible()) return;
        const int section = m_turn % header->count();
        QTest::mouseClick(header->viewport(), Qt::LeftButton, {}, {header->sectionViewportPosition(section) + 12, 8});
    });
}

void User::useFields() {
    const bool configures = m_window.page() == ui::pages::kConfigure || m_window.page() == ui::pages::kExport;
    onVisible<QLineEdit>(*m_window.centralWidget(), [&](QLineEdit& field) {
        if (configures && field.placeholderText().isEmpty()) return;  // values, not filters
        field.setFocus();
        QTest::keyClicks(&field, m_turn % 2 ? QStringLiteral("model.2") : QString());
        if (m_turn % 2 == 0) field.clear();
    });
    if (configures) return;
    onVisible<QComboBox>(*m_window.centralWidget(), [](QComboBox& box) { QTest::keyClick(&box, Qt::Key_Down); });
}

QString User::act(const std::function<void(const QString&)>& announce) {
    const auto& [name, action] = m_actions[m_next];
    announce(name);
    action();
    if (++m_next == m_actions.size()) {
        m_next = 0;
        ++m_rounds;
    }
    ++m_turn;
    return name;
}

}  // namespace qat::test
