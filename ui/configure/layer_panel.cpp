// Lays out the layer table and carries selection and keys between table, hub and document.
#include "configure/layer_panel.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLineEdit>
#include <QRegularExpression>
#include <QStackedWidget>
#include <QTimer>
#include <QVBoxLayout>

#include "configure/plan_model.h"
#include "document/document.h"
#include "feed/trouble.h"
#include "style/theme_hub.h"
#include "style/theme_icon.h"
#include "widgets/cell_delegate.h"
#include "widgets/column_fit.h"
#include "widgets/empty_state.h"
#include "widgets/format.h"
#include "widgets/message_bar.h"
#include "widgets/panel.h"
#include "widgets/row_table.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

constexpr int kFilterAfterMs = 200;
const auto kRule = QStringLiteral("rule");

int64_t weightsOf(const LayerInfo& layer) {
    int64_t count = layer.weightShape.empty() ? 0 : 1;
    for (const int64_t size : layer.weightShape) count *= size;
    return count;
}

// "pattern 2, line 37" -> 37; 0 if it names no line.
int lineOf(const QString& origin) {
    static const QRegularExpression line(QStringLiteral("line (\\d+)"));
    return line.match(origin).captured(1).toInt();
}

}  // namespace

LayerPanel::LayerPanel(const ThemeHub& hub, SelectionHub* selection, Document* document, QWidget* parent)
    : QWidget(parent),
      m_hub(hub),
      m_selection(selection),
      m_document(document),
      m_model(new PlanModel(selection, this)),
      m_filter(new PlanFilter(this)) {
    m_filter->setSourceModel(m_model);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(makeHeader());
    m_messages = new MessageStack(hub, this);
    column->addWidget(m_messages);
    column->addWidget(makeBudget());
    m_stack = new QStackedWidget(this);
    m_empty = new EmptyState(hub, {}, m_stack);
    m_stack->addWidget(m_empty);
    m_stack->addWidget(makeTable());
    column->addWidget(m_stack, 1);
    column->addWidget(makeFooter());
    connect(&document->described(), &DescribedModel::changed, this, &LayerPanel::refresh);
    connect(&document->described(), &DescribedModel::changed, this, &LayerPanel::checkRule);
    connect(document, &Document::readingChanged, this, &LayerPanel::refresh);
    // What was said of a key, and its Undo, are of the text as the key left it.
    connect(document, &Document::textChanged, this, [this] { m_messages->withdraw(kRule); });
    connect(selection, &SelectionHub::changed, this, [this](SelectionHub::Parts parts, const void* origin) {
        if (parts & SelectionHub::Selected) takeSelection(origin);
    });
    refresh();
}

QWidget* LayerPanel::makeHeader() {
    m_header = new PanelHeader(m_hub, tr("Layers"), this);
    m_field = new QLineEdit(m_header);
    m_field->setProperty("small", true);
    m_field->setPlaceholderText(tr("name, w:4, set:pattern"));
    m_field->setClearButtonEnabled(true);
    m_field->setFixedWidth(m_hub.px(210));
    m_field->setFont(m_hub.theme().small);
    m_field->setAccessibleName(tr("Filter layers"));
    m_field->setToolTip(tr("Words that must all hold: part of a name, w:4, a:8, op:conv, set:pattern, group:1"));
    m_field->addAction(themeIcon(m_hub, QStringLiteral("search"), Color::Text3), QLineEdit::LeadingPosition);
    auto* delay = new QTimer(this);
    delay->setSingleShot(true);
    delay->setInterval(kFilterAfterMs);
    connect(m_field, &QLineEdit::textChanged, delay, qOverload<>(&QTimer::start));
    connect(delay, &QTimer::timeout, this, [this] {
        m_filter->setWords(m_field->text());
        takeSelection(nullptr);
    });
    m_header->addWidget(m_field);
    return m_header;
}

QWidget* LayerPanel::makeBudget() {
    auto* strip = new Surface(m_hub, false, this);
    auto* row = new QHBoxLayout(strip);
    row->setContentsMargins(m_hub.px(12), m_hub.px(7), m_hub.px(12), m_hub.px(7));
    row->setSpacing(m_hub.px(14));
    const auto add = [&](const QString& caption, bool lineBefore, ThemedLabel** extra = nullptr) {
        if (lineBefore) row->addWidget(new Hairline(m_hub, Qt::Vertical, strip));
        auto* column = new QVBoxLayout;
        column->setSpacing(0);
        column->addWidget(new ThemedLabel(m_hub, caption, TextStyle::Caption, Color::Text2, strip));
        auto* line = new QHBoxLayout;
        line->setSpacing(m_hub.px(6));
        auto* figure = new ThemedLabel(m_hub, {}, TextStyle::Figure, Color::Text, strip);
        line->addWidget(figure);
        if (extra) line->addWidget(*extra = new ThemedLabel(m_hub, {}, TextStyle::Small, Color::Text2, strip));
        line->addStretch(1);
        column->addLayout(line);
        row->addLayout(column);
        return figure;
    };
    m_bytes = add(tr("Weights"), false, &m_share);
    m_meanBits = add(tr("Mean bits"), true);
    m_macs = add(tr("MACs"), true);
    row->addStretch(1);
    auto* wrap = new QWidget(this);
    auto* column = new QVBoxLayout(wrap);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(strip);
    column->addWidget(new Hairline(m_hub, Qt::Horizontal, wrap));
    return wrap;
}

QWidget* LayerPanel::makeTable() {
    m_table = new RowTable(m_hub, m_stack);
    m_table->setModel(m_filter);
    m_table->setRowHeight(24);
    m_table->setSortingEnabled(true);
    m_table->sortByColumn(PlanModel::kNumber, Qt::AscendingOrder);
    m_table->setAccessibleName(tr("Layers"));
    m_table->setItemDelegateForColumn(PlanModel::kWeightBits, new CellDelegate(m_hub, CellLook::Bits, m_table));
    m_table->setItemDelegateForColumn(PlanModel::kActivationBits, new CellDelegate(m_hub, CellLook::Bits, m_table));
    m_table->installEventFilter(this);
    QHeaderView* header = m_table->horizontalHeader();
    header->setSortIndicatorShown(false);
    const QFontMetrics small(m_hub.theme().small), code(m_hub.theme().code);
    const int pad = m_hub.px(14);
    header->resizeSection(PlanModel::kNumber, small.horizontalAdvance(QStringLiteral("999")) + m_hub.px(20));
    header->resizeSection(PlanModel::kName, code.horizontalAdvance(QStringLiteral("model.22.cv2.0.0.conv")) + pad);
    header->resizeSection(PlanModel::kKernel, small.horizontalAdvance(QStringLiteral("3×3, 128→256")) + pad);
    header->resizeSection(PlanModel::kWeights, small.horizontalAdvance(QStringLiteral("1 179 648")) + pad);
    header->resizeSection(PlanModel::kWeightBits, m_hub.px(38));
    header->resizeSection(PlanModel::kActivationBits, m_hub.px(38));
    header->resizeSection(PlanModel::kObserver, small.horizontalAdvance(QStringLiteral("moving_average_minmax")) + pad);
    header->setStretchLastSection(true);
    const int setBy = small.horizontalAdvance(QStringLiteral("pattern 22, line 222; A: line 22")) + pad;
    new ColumnFit(m_table, PlanModel::kName, {PlanModel::kObserver, PlanModel::kWeights, PlanModel::kKernel},
                  {{PlanModel::kSetBy, setBy}});
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &LayerPanel::pushSelection);
    connect(m_table, &RowTable::rowHovered, this, [this](int row) {
        m_selection->hover(row < 0 ? kNoLayer : m_filter->index(row, 0).data(LayerIdRole).toInt(), this);
    });
    connect(m_table, &QTableView::activated, this, [this](const QModelIndex& index) {
        Q_EMIT m_selection->inspectLayer(index.data(LayerIdRole).toInt());
        if (const int line = lineOf(index.siblingAtColumn(PlanModel::kSetBy).data().toString()))
            Q_EMIT lineWanted(line);
    });
    return m_table;
}

QWidget* LayerPanel::makeFooter() {
    auto* footer = new Surface(m_hub, false, this);
    auto* column = new QVBoxLayout(footer);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(new Hairline(m_hub, Qt::Horizontal, footer));
    auto* row = new QHBoxLayout;
    row->setContentsMargins(m_hub.px(12), 0, m_hub.px(12), 0);
    row->setSpacing(m_hub.px(12));
    m_selected = new ThemedLabel(m_hub, {}, TextStyle::Small, Color::Text, footer);
    row->addWidget(m_selected);
    auto* keys = new ThemedLabel(m_hub, tr("Keys set the weight bits:  4   8   6 = 16   F float   D default"),
                                 TextStyle::Small, Color::Text2, footer);
    auto* outlined = new ThemedLabel(m_hub, tr("outlined rows share a scale group with the selection"),
                                     TextStyle::Small, Color::Text3, footer);
    keys->setElide(Qt::ElideRight);
    outlined->setElide(Qt::ElideRight);
    outlined->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    row->addWidget(keys);
    row->addWidget(outlined, 1);
    column->addLayout(row);
    footer->setFixedHeight(m_hub.px(29));
    return footer;
}

void LayerPanel::focusFilter() {
    m_field->setFocus(Qt::ShortcutFocusReason);
    m_field->selectAll();
}

void LayerPanel::refresh() {
    const auto model = m_document->described().model();
    m_model->setDescription(model);
    m_stack->setCurrentIndex(model ? 1 : 0);
    m_empty->setSentence(!m_document->isOpen()                          ? tr("No configuration is open.")
                         : !m_document->described().trouble().isEmpty() ? m_document->described().trouble()
                         : m_document->reader().reading()->errors > 0
                             ? tr("The layers appear once the configuration has no errors.")
                             : tr("Reading the model…"));
    const bool stale =
        model && (m_document->reader().reading()->errors > 0 || !m_document->described().trouble().isEmpty());
    if (stale)
        m_messages->post(QStringLiteral("stale"), MessageKind::Warning,
                         tr("The table shows the last configuration without errors."));
    else
        m_messages->withdraw(QStringLiteral("stale"));
    refreshBudget();
    takeSelection(nullptr);
}

void LayerPanel::refreshBudget() {
    const auto model = m_document->described().model();
    QMap<int, int> widths;
    double bits = 0;
    int64_t weights = 0;
    if (model)
        for (const LayerInfo& layer : model->layers) {
            const int width = layer.weightBits > 0 ? layer.weightBits : 32;
            ++widths[width];
            weights += weightsOf(layer);
            bits += static_cast<double>(weightsOf(layer)) * width;
        }
    QStringList counts;
    for (auto at = widths.begin(); at != widths.end(); ++at)
        counts.append(at.key() == 32 ? tr("%1 float").arg(at.value())
                                     : tr("%1 at %2 bit").arg(at.value()).arg(at.key()));
    m_header->setDetail(model ? tr("%1 layers: %2").arg(model->layers.size()).arg(counts.join(QStringLiteral(", ")))
                              : QString());
    m_bytes->setText(model ? formatBytes(static_cast<int64_t>(bits / 8)) : QStringLiteral("–"));
    m_share->setText(weights > 0 ? tr("%1 of FP32").arg(formatPercent(bits / (32.0 * static_cast<double>(weights))))
                                 : QString());
    m_meanBits->setText(weights > 0 ? QString::number(bits / static_cast<double>(weights), 'f', 2)
                                    : QStringLiteral("–"));
    m_macs->setText(model ? formatAmount(static_cast<double>(model->macs)) : QStringLiteral("–"));
}

void LayerPanel::takeSelection(const void* origin) {
    const auto count = m_selection->selected().size();
    m_selected->setText(count ? tr("%1 selected").arg(count) : QString());
    m_selected->setVisible(count > 0);
    if (origin == this) return;
    m_taking = true;
    QItemSelection chosen;
    QModelIndex current;
    for (int row = 0; row < m_filter->rowCount(); ++row) {
        const QModelIndex index = m_filter->index(row, 0);
        const LayerId id = index.data(LayerIdRole).toInt();
        if (m_selection->selected().contains(id)) chosen.select(index, index);
        if (id == m_selection->current()) current = index;
    }
    m_table->selectionModel()->select(chosen, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    if (current.isValid() && origin) m_table->scrollTo(current, QAbstractItemView::EnsureVisible);
    m_taking = false;
}

void LayerPanel::pushSelection() {
    if (m_taking) return;
    QSet<LayerId> ids;
    for (const QModelIndex& index : m_table->selectionModel()->selectedRows())
        ids.insert(index.data(LayerIdRole).toInt());
    const QModelIndex current = m_table->currentIndex();
    m_selection->select(ids, this, current.isValid() ? current.data(LayerIdRole).toInt() : kNoLayer);
}

void LayerPanel::apply(LayerRule rule) {
    std::vector<LayerInfo> layers;
    for (const QModelIndex& index : m_table->selectionModel()->selectedRows())
        if (const LayerInfo* layer = m_model->layer(m_filter->mapToSource(index).row())) layers.push_back(*layer);
    if (layers.empty()) return;
    m_messages->withdraw(kRule);  // also where the text stays as it is
    RuledText ruled;
    const QString trouble = troubleOf([&] { ruled = withLayerRule(m_document->text(), layers, rule); });
    if (!trouble.isEmpty()) return m_messages->post(kRule, MessageKind::Warning, asSentence(trouble));
    m_document->setText(
        ruled.text, counted(static_cast<int64_t>(layers.size()), tr("bits of 1 layer"), tr("bits of %1 layers")), this);
    if (ruled.mixedPrecision) tellMixedPrecision(ruled.woken);
    m_asked = {m_document->text(), {}, rule};
    for (const LayerInfo& layer : layers) m_asked.layers.append(QString::fromStdString(layer.name));
    checkRule();
}

void LayerPanel::tellMixedPrecision(int woken) {
    QString sentence =
        tr("Mixed precision is now on (qat_params.use_mixed_precision): while it was off, widths of single layers did "
           "not count.");
    if (woken > 0)
        sentence += QLatin1Char(' ') + counted(woken, tr("The width of 1 earlier pattern counts now, too."),
                                               tr("The widths of %1 earlier patterns count now, too."));
    m_messages->post(kRule, MessageKind::Info, sentence, {{tr("Undo"), [this] { m_document->undoStack()->undo(); }}});
}

// Whatever else decides about a layer: what a key was asked for is compared with what the core makes of the text.
void LayerPanel::checkRule() {
    if (m_asked.layers.isEmpty() || !m_document->described().model() || m_document->described().text() != m_asked.text)
        return;
    const QString unmet = unmetRule(m_document->described().model()->layers, m_asked.layers, m_asked.rule);
    m_asked = {};
    if (!unmet.isEmpty()) m_messages->post(kRule, MessageKind::Warning, unmet);
}

// The keys act on the table only, so they never swallow what is typed elsewhere.
bool LayerPanel::eventFilter(QObject* watched, QEvent* event) {
    if (watched != m_table || event->type() != QEvent::KeyPress) return QWidget::eventFilter(watched, event);
    const auto* key = static_cast<QKeyEvent*>(event);
    if (key->modifiers() & ~Qt::KeypadModifier) return false;
    switch (key->key()) {
        case Qt::Key_4:
            apply(LayerRule::Bits4);
            return true;
        case Qt::Key_8:
            apply(LayerRule::Bits8);
            return true;
        case Qt::Key_6:
            apply(LayerRule::Bits16);
            return true;
        case Qt::Key_F:
            apply(LayerRule::Float);
            return true;
        case Qt::Key_D:
            apply(LayerRule::Default);
            return true;
        case Qt::Key_Escape:
            m_selection->clear(nullptr);
            return true;
        default:
            return false;
    }
}

}  // namespace qat::ui
