// Fills the pattern table from the reading and the described layers.
#include "configure/pattern_panel.h"

#include <QHeaderView>
#include <QStandardItemModel>
#include <QVBoxLayout>
#include <exception>

#include "config/pattern.h"
#include "document/document.h"
#include "document/selection_hub.h"
#include "style/theme_hub.h"
#include "widgets/row_table.h"

namespace qat::ui {
namespace {

constexpr int kLineRole = Qt::UserRole + 70;
constexpr int kLayersRole = Qt::UserRole + 71;

QString setsOf(const LayerConfig& entry) {
    QStringList parts;
    if (entry.skip.value_or(false)) parts.append(PatternPanel::tr("float"));
    if (entry.weight.bitWidth) parts.append(QStringLiteral("W%1").arg(*entry.weight.bitWidth));
    if (entry.activation.bitWidth) parts.append(QStringLiteral("A%1").arg(*entry.activation.bitWidth));
    if (entry.weight.observer) parts.append(PatternPanel::tr("weight observer"));
    if (entry.activation.observer) parts.append(PatternPanel::tr("activation observer"));
    if (entry.fakeQuantize.type) parts.append(PatternPanel::tr("fake quantizer"));
    if (entry.calibration.method || entry.calibration.percentile) parts.append(PatternPanel::tr("calibration"));
    return parts.isEmpty() ? PatternPanel::tr("nothing") : parts.join(QStringLiteral(", "));
}

QStringList matches(const LayerConfig& entry, const ModelDescription& model) {
    QStringList names;
    if (LayerPattern::complaint(entry.pattern)) return names;
    const LayerPattern pattern(entry.pattern);
    for (const LayerInfo& layer : model.layers)
        if (pattern.matches(layer.name, layer.aliases)) names.append(QString::fromStdString(layer.name));
    return names;
}

}  // namespace

PatternPanel::PatternPanel(const ThemeHub& hub, SelectionHub* selection, Document* document, QWidget* parent)
    : QWidget(parent),
      m_hub(hub),
      m_selection(selection),
      m_document(document),
      m_items(new QStandardItemModel(0, 5, this)),
      m_table(new RowTable(hub, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_table->setModel(m_items);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setAccessibleName(tr("Layer patterns"));
    column->addWidget(m_table, 1);
    connect(&document->described(), &DescribedModel::changed, this, &PatternPanel::refresh);
    connect(document, &Document::readingChanged, this, &PatternPanel::refresh);
    connect(m_table, &QTableView::clicked, this, [this](const QModelIndex& index) {
        const QModelIndex first = index.siblingAtColumn(0);
        QSet<LayerId> ids;
        for (const QString& name : first.data(kLayersRole).toStringList()) ids.insert(m_selection->idOf(name));
        m_selection->select(ids, this);
        Q_EMIT lineWanted(first.data(kLineRole).toInt());
    });
    refresh();
}

void PatternPanel::refresh() {
    const int kept = m_table->currentIndex().row();
    m_items->clear();
    m_items->setHorizontalHeaderLabels({QStringLiteral("#"), tr("Pattern"), tr("Hits"), tr("Sets"), tr("Remarks")});
    const auto model = m_document->described().model();
    int number = 0;
    for (const LayerConfig& entry : m_document->reader().reading()->config.config.quantization.layerConfigs) {
        const QStringList names = model ? matches(entry, *model) : QStringList();
        auto* first = new QStandardItem(QString::number(++number));
        first->setData(entry.line, kLineRole);
        first->setData(names, kLayersRole);
        first->setData(static_cast<int>(Color::Text3), TokenRole);
        auto* pattern = new QStandardItem(QString::fromStdString(entry.pattern));
        pattern->setData(true, CodeRole);
        pattern->setToolTip(names.mid(0, 40).join(QLatin1Char('\n')));
        auto* hits = new QStandardItem(model ? QString::number(names.size()) : QString());
        hits->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
        QString remark;
        Color token = Color::Text3;
        if (model && names.isEmpty()) {
            remark = tr("matches no layer");
            token = Color::Error;
        } else if (withEscapedDots(entry.pattern) != entry.pattern) {
            remark = tr("dots not escaped");
            token = Color::Warning;
        }
        hits->setData(static_cast<int>(model && names.isEmpty() ? Color::Error : Color::Text), TokenRole);
        auto* note = new QStandardItem(remark.isEmpty() ? tr("line %1").arg(entry.line) : remark);
        note->setData(static_cast<int>(token), TokenRole);
        m_items->appendRow({first, pattern, hits, new QStandardItem(setsOf(entry)), note});
    }
    QHeaderView* header = m_table->horizontalHeader();
    header->resizeSection(0, m_hub.px(36));
    header->setSectionResizeMode(1, QHeaderView::Stretch);
    header->resizeSection(2, m_hub.px(48));
    header->resizeSection(3, m_hub.px(170));
    header->resizeSection(4, m_hub.px(130));
    if (kept >= 0 && kept < m_items->rowCount()) m_table->selectRow(kept);
}

void PatternPanel::escapeDots() {
    const int row = m_table->currentIndex().row();
    const auto& entries = m_document->reader().reading()->config.config.quantization.layerConfigs;
    if (row < 0 || row >= static_cast<int>(entries.size())) return;
    const QString key = QStringLiteral("quantization.layer_configs[%1].pattern").arg(row);
    m_document->setValue(key, QString::fromStdString(withEscapedDots(entries[static_cast<size_t>(row)].pattern)), this);
}

}  // namespace qat::ui
