// Lays out the left dock and fills section list and help.
#include "configure/form_panel.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QPainter>
#include <QStandardItemModel>
#include <QVBoxLayout>

#include "configure/schema_form.h"
#include "document/document.h"
#include "style/theme_hub.h"
#include "style/theme_icon.h"
#include "widgets/format.h"
#include "widgets/message_bar.h"
#include "widgets/panel.h"
#include "widgets/row_table.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

constexpr int kIssueRole = Qt::UserRole + 60;

// A section's name with the number of its issues.
class SectionDelegate : public RowDelegate {
public:
    using RowDelegate::RowDelegate;

protected:
    void paintContent(QPainter& painter, const QRect& cell, const QStyleOptionViewItem& option,
                      const QModelIndex& index) const override {
        const bool selected = option.state & QStyle::State_Selected;
        painter.setFont(theme().weighted(theme().small, selected ? QFont::Medium : QFont::Normal));
        painter.setPen(theme().color(selected ? Color::Text : Color::Text2));
        painter.drawText(cell, Qt::AlignVCenter | Qt::TextSingleLine, index.data().toString());
        const int issues = index.data(kIssueRole).toInt();
        if (issues == 0) return;
        painter.setFont(theme().caption);
        painter.setPen(theme().color(Color::Warning));
        const QString count = QString::number(issues);
        const int width = painter.fontMetrics().horizontalAdvance(count);
        painter.drawText(cell.adjusted(0, 0, -theme().px(4), 0), Qt::AlignVCenter | Qt::AlignRight, count);
        const double side = theme().px(12);
        paintIcon(painter,
                  QRectF(cell.right() - width - side - theme().px(7), cell.center().y() - side / 2 + 1, side, side),
                  QStringLiteral("warning"), theme().color(Color::Warning), 1.8);
    }
};

}  // namespace

FormPanel::FormPanel(const ThemeHub& hub, Document* document, QWidget* parent)
    : QWidget(parent),
      m_hub(hub),
      m_document(document),
      m_sections(new QStandardItemModel(0, 1, this)),
      m_form(new SchemaForm(hub, document, this)),
      m_messages(new MessageStack(hub, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_messages);
    auto* row = new QHBoxLayout;
    row->setSpacing(0);
    m_side = makeSections();
    m_sideLine = new Hairline(hub, Qt::Vertical, this);
    row->addWidget(m_side);
    row->addWidget(m_sideLine);
    auto* right = new QVBoxLayout;
    right->setSpacing(0);
    right->addWidget(makeSectionBox());
    right->addWidget(m_form, 1);
    right->addWidget(new Hairline(hub, Qt::Horizontal, this));
    right->addWidget(makeHelp());
    row->addLayout(right, 1);
    column->addLayout(row, 1);
    connect(document, &Document::readingChanged, this, &FormPanel::refresh);
    connect(m_form, &SchemaForm::fieldFocused, this, &FormPanel::showHelp);
    connect(m_form, &SchemaForm::fieldFocused, this, &FormPanel::fieldFocused);
    connect(m_form, &SchemaForm::refused, this, [this](const QString& sentence) {
        m_messages->post(QStringLiteral("form"), MessageKind::Warning, sentence);
    });
    refresh();
    showSection(QStringLiteral("quantization"));
}

QWidget* FormPanel::makeSections() {
    auto* panel = new Surface(m_hub, false, this);
    panel->setFixedWidth(m_hub.px(130));
    auto* column = new QVBoxLayout(panel);
    column->setContentsMargins(0, m_hub.px(8), 0, m_hub.px(10));
    column->setSpacing(0);
    for (const ConfigField& field : configFields()) {
        const QString key = QString::fromStdString(field.section);
        const int last = m_sections->rowCount() - 1;
        if (last >= 0 && m_sections->item(last)->data(Qt::UserRole).toString() == key) continue;
        auto* item = new QStandardItem(sectionTitle(key));
        item->setData(key, Qt::UserRole);
        m_sections->appendRow(item);
    }
    m_list = new RowTable(m_hub, panel);
    m_list->setModel(m_sections);
    m_list->setItemDelegate(new SectionDelegate(m_hub, m_list));
    m_list->horizontalHeader()->hide();
    m_list->horizontalHeader()->setStretchLastSection(true);
    m_list->setRowHeight(30);
    m_list->setSelectionMode(QAbstractItemView::SingleSelection);
    m_list->setAccessibleName(tr("Sections"));
    column->addWidget(m_list, 1);
    m_differs = new ThemedLabel(m_hub, {}, TextStyle::Caption, Color::Text3, panel);
    m_differs->setWordWrap(true);
    m_differs->setContentsMargins(m_hub.px(12), 0, m_hub.px(8), 0);
    column->addWidget(m_differs);
    connect(m_list->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& index) { m_form->showSection(index.data(Qt::UserRole).toString()); });
    return panel;
}

// Stands in for the list while the panel is folded.
QWidget* FormPanel::makeSectionBox() {
    m_top = new Surface(m_hub, false, this);
    auto* row = new QHBoxLayout(m_top);
    row->setContentsMargins(m_hub.px(14), m_hub.px(10), m_hub.px(14), 0);
    m_box = new QComboBox(m_top);
    m_box->setAccessibleName(tr("Section"));
    m_box->setModel(m_sections);
    m_box->setMaxVisibleItems(m_sections->rowCount());
    m_box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    row->addWidget(m_box, 1);
    m_boxIssues = new ThemedLabel(m_hub, {}, TextStyle::Caption, Color::Warning, m_top);
    row->addWidget(m_boxIssues);
    m_top->hide();
    connect(m_box, &QComboBox::activated, m_list, &RowTable::selectRow);
    connect(m_list->selectionModel(), &QItemSelectionModel::currentRowChanged, m_box,
            [this](const QModelIndex& index) { m_box->setCurrentIndex(index.row()); });
    return m_top;
}

void FormPanel::setFolded(bool folded) {
    m_side->setVisible(!folded);
    m_sideLine->setVisible(!folded);
    m_top->setVisible(folded);
    m_form->setTitled(!folded);
}

bool FormPanel::isFolded() const {
    return !m_top->isHidden();
}

QWidget* FormPanel::makeHelp() {
    auto* panel = new Surface(m_hub, false, this);
    auto* column = new QVBoxLayout(panel);
    column->setContentsMargins(m_hub.px(14), m_hub.px(9), m_hub.px(14), m_hub.px(11));
    column->setSpacing(m_hub.px(2));
    auto* head = new QHBoxLayout;
    m_helpTitle = new ThemedLabel(m_hub, tr("Help"), TextStyle::Small, Color::Text, panel);
    m_helpLine = new ThemedLabel(m_hub, {}, TextStyle::Small, Color::Text3, panel);
    head->addWidget(m_helpTitle, 1);
    head->addWidget(m_helpLine);
    column->addLayout(head);
    m_helpText =
        new ThemedLabel(m_hub, tr("Focus a field to read what it does."), TextStyle::Small, Color::Text2, panel);
    m_helpText->setWordWrap(true);
    m_helpText->setMinimumHeight(m_hub.px(48));
    m_helpText->setAlignment(Qt::AlignTop);
    column->addWidget(m_helpText);
    return panel;
}

QSize FormPanel::sizeHint() const {
    return {m_hub.px(440), m_hub.px(600)};
}

void FormPanel::showSection(const QString& section) {
    for (int row = 0; row < m_sections->rowCount(); ++row)
        if (m_sections->item(row)->data(Qt::UserRole).toString() == section) m_list->selectRow(row);
}

void FormPanel::refresh() {
    const auto reading = m_document->reader().reading();
    for (int row = 0; row < m_sections->rowCount(); ++row) {
        QStandardItem* item = m_sections->item(row);
        const int issues = reading->issuesIn(item->data(Qt::UserRole).toString());
        item->setData(issues, kIssueRole);
        item->setData(issues ? item->text() + QStringLiteral(", ") + counted(issues, tr("1 issue"), tr("%1 issues"))
                             : item->text(),
                      Qt::AccessibleTextRole);
    }
    int issues = 0;
    for (int row = 0; row < m_sections->rowCount(); ++row) issues += m_sections->item(row)->data(kIssueRole).toInt();
    m_boxIssues->setText(counted(issues, tr("1 issue"), tr("%1 issues")));
    m_boxIssues->setVisible(issues > 0);
    int stated = 0;
    for (const ConfigField& field : configFields()) {
        const ConfigValueAt at = reading->values.value(QString::fromStdString(field.path));
        stated += at.line > 0 && at.value != field.defaultValue;
    }
    m_differs->setText(tr("%1 of %2 values differ from the default").arg(stated).arg(configFields().size()));
    m_differs->setVisible(m_document->isOpen());
}

void FormPanel::showHelp(const QString& key) {
    for (const ConfigField& field : configFields()) {
        if (QString::fromStdString(field.path) != key) continue;
        const int line = m_document->reader().reading()->values.value(key).line;
        m_helpTitle->setText(QString::fromStdString(field.label));
        m_helpLine->setText(line > 0 ? tr("line %1").arg(line) : tr("default"));
        const QString fallback = QString::fromStdString(field.defaultValue);
        m_helpText->setText(QString::fromStdString(field.help) +
                            (fallback.isEmpty() ? QString() : QLatin1Char(' ') + tr("Default: %1.").arg(fallback)));
    }
}

}  // namespace qat::ui
