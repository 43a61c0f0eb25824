// Docks of the Configure page, and how field, line and help move together.
#include "configure/configure_page.h"

#include <QDockWidget>
#include <QTimer>
#include <algorithm>

#include "configure/form_panel.h"
#include "configure/lab_panel.h"
#include "configure/layer_panel.h"
#include "configure/placement_panel.h"
#include "configure/schema_form.h"
#include "configure/yaml_editor.h"
#include "document/document.h"
#include "style/theme_hub.h"
#include "widgets/buttons.h"
#include "widgets/panel.h"
#include "widgets/row_table.h"

namespace qat::ui {
ConfigurePage::ConfigurePage(ThemeHub* hub, SelectionHub* selection, Document* document, QWidget* parent)
    : DockPage(parent),
      m_hub(hub),
      m_document(document),
      m_form(new FormPanel(*hub, document, this)),
      m_layers(new LayerPanel(*hub, selection, document, this)),
      m_editor(new YamlEditor(*hub, document, this)),
      m_selection(selection) {
    setObjectName(QStringLiteral("configure"));
    setCentralWidget(m_layers);
    buildDocks();
    link();
    refreshHeader();
}

void ConfigurePage::buildDocks() {
    auto* formHeader = new PanelHeader(*m_hub, tr("Configuration"), this);
    auto* undo = makeIconButton(*m_hub, QStringLiteral("undo"), tr("Undo"), formHeader);
    connect(undo, &QToolButton::clicked, m_document->undoStack(), &QUndoStack::undo);
    connect(m_document->undoStack(), &QUndoStack::canUndoChanged, undo, &QWidget::setEnabled);
    undo->setEnabled(false);
    formHeader->addWidget(undo);
    auto* form = makeDock(formHeader, QStringLiteral("configure.form"), m_form, this);
    addDockWidget(Qt::LeftDockWidgetArea, form);

    m_textHeader = new PanelHeader(*m_hub, {}, this);
    auto* next = makeIconButton(*m_hub, QStringLiteral("warning"), tr("Next issue (F8)"), m_textHeader);
    connect(next, &QToolButton::clicked, this, &ConfigurePage::showNextIssue);
    m_textHeader->addWidget(next);
    auto* text = makeDock(m_textHeader, QStringLiteral("configure.text"), m_editor, this);
    text->setWindowTitle(tr("Configuration text"));
    addDockWidget(Qt::RightDockWidgetArea, text);

    m_lab = new LabPanel(*m_hub, m_selection, m_document, this);
    auto* lab = new QDockWidget(tr("Patterns and placement"), this);
    lab->setObjectName(QStringLiteral("configure.patterns"));
    lab->setTitleBarWidget(new QWidget(lab));  // the panel has its own header
    lab->setWidget(m_lab);
    addDockWidget(Qt::BottomDockWidgetArea, lab);
    connect(m_lab, &LabPanel::lineWanted, m_editor, &YamlEditor::goToLine);

    setCorner(Qt::BottomLeftCorner, Qt::LeftDockWidgetArea);
    setCorner(Qt::BottomRightCorner, Qt::RightDockWidgetArea);
    m_formDock = form;
    m_textDock = text;
    m_patternDock = lab;
}

// A narrow page has the sections as a list to open, so that the layers keep the width of their names.
void ConfigurePage::resizeEvent(QResizeEvent* event) {
    QMainWindow::resizeEvent(event);
    const bool narrow = width() < m_hub->px(kNarrowBelow);
    if (narrow == m_form->isFolded()) return;
    m_form->setFolded(narrow);
    QTimer::singleShot(0, this, &ConfigurePage::arrangeColumns);
}

void ConfigurePage::arrangeColumns() {
    const bool narrow = m_form->isFolded();
    resizeDocks({m_formDock, m_textDock}, {m_hub->px(narrow ? 312 : 440), m_hub->px(narrow ? 350 : 420)},
                Qt::Horizontal);
}

void ConfigurePage::arrangeDocks() {
    arrangeColumns();
    resizeDocks({m_patternDock}, {std::min(m_hub->px(250), height() * 2 / 5)}, Qt::Vertical);
}

void ConfigurePage::link() {
    connect(m_form, &FormPanel::fieldFocused, this, [this](const QString& key) {
        const int line = m_document->reader().reading()->values.value(key).line;
        if (line > 0 && !m_editor->hasFocus()) m_editor->goToLine(line);
    });
    connect(m_editor, &YamlEditor::lineEntered, this, [this](int line) {
        const QString key = m_document->reader().reading()->keyAt(line);
        if (!key.isEmpty() && m_editor->hasFocus()) m_form->showSection(key.section(QLatin1Char('.'), 0, 0));
    });
    connect(m_layers, &LayerPanel::lineWanted, m_editor, &YamlEditor::goToLine);
    connect(m_document, &Document::stateChanged, this, &ConfigurePage::refreshHeader);
}

void ConfigurePage::refreshHeader() {
    m_textHeader->setTitle(m_document->isOpen() ? m_document->title() : tr("No configuration"));
    m_textHeader->setDetail(m_document->isModified() ? tr("edited") : QString());
}

void ConfigurePage::focusFilter() {
    m_layers->focusFilter();
}

void ConfigurePage::showPlacement() {
    m_patternDock->show();
    m_lab->showTab(QStringLiteral("placement"));
    m_lab->placement()->ruleTable()->setFocus(Qt::ShortcutFocusReason);
}

void ConfigurePage::showNextIssue() {
    const auto& issues = m_document->reader().reading()->config.issues;
    if (issues.empty()) return;
    const ConfigIssue* next = &issues.front();
    for (const ConfigIssue& issue : issues)
        if (issue.line > m_editor->currentLine()) {
            next = &issue;
            break;
        }
    m_editor->goToLine(next->line);
    m_editor->setFocus();
}

}  // namespace qat::ui
