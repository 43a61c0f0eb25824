// Painting of the welcome page's pieces.
#include "shell/start_row.h"

#include <QHeaderView>
#include <QPainter>
#include <QPainterPath>
#include <QStandardItemModel>

#include "shell/presets.h"
#include "style/chip.h"
#include "style/theme_hub.h"
#include "style/theme_icon.h"

namespace qat::ui {
namespace {

constexpr int kActivationBitsRole = Qt::UserRole + 50;

// Both widths of a preset side by side.
class PairDelegate : public RowDelegate {
public:
    using RowDelegate::RowDelegate;

protected:
    void paintContent(QPainter& painter, const QRect& cell, const QStyleOptionViewItem&,
                      const QModelIndex& index) const override {
        paintBitsPair(painter, cell, index.data(BitsRole).toInt(), index.data(kActivationBitsRole).toInt(), theme());
    }
};

}  // namespace

StartRow::StartRow(const ThemeHub& hub, const QString& icon, const QString& text, const QString& keys, QWidget* parent)
    : QAbstractButton(parent), m_hub(hub), m_icon(icon), m_keys(keys) {
    setText(text);
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::PointingHandCursor);
}

QSize StartRow::sizeHint() const {
    return {m_hub.px(340), m_hub.px(34)};
}

void StartRow::enterEvent(QEnterEvent* event) {
    update();
    QAbstractButton::enterEvent(event);
}

void StartRow::leaveEvent(QEvent* event) {
    update();
    QAbstractButton::leaveEvent(event);
}

void StartRow::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF all = rect();
    if (underMouse() || hasFocus()) {
        painter.setPen(hasFocus() ? QPen(m_hub.color(Color::Accent), 1) : QPen(Qt::NoPen));
        painter.setBrush(m_hub.color(Color::Hover));
        painter.drawRoundedRect(all.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5);
    }
    const double side = m_hub.px(16);
    paintIcon(painter, QRectF(0, (all.height() - side) / 2, side, side).translated(m_hub.px(4), 0), m_icon,
              m_hub.color(Color::Text2));
    painter.setFont(m_hub.theme().ui);
    painter.setPen(m_hub.color(Color::Text));
    painter.drawText(all.adjusted(m_hub.px(30), 0, -m_hub.px(10), 0), Qt::AlignVCenter | Qt::AlignLeft, text());
    painter.setFont(m_hub.theme().small);
    painter.setPen(m_hub.color(Color::Text3));
    painter.drawText(all.adjusted(0, 0, -m_hub.px(10), 0), Qt::AlignVCenter | Qt::AlignRight, m_keys);
}

IconLabel::IconLabel(const ThemeHub& hub, const QString& icon, Color color, QWidget* parent)
    : QWidget(parent), m_hub(hub), m_icon(icon), m_color(color) {
    setFixedSize(hub.px(14), hub.px(16));
}

void IconLabel::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const double side = m_hub.px(14);
    paintIcon(painter, QRectF(0, (height() - side) / 2, side, side), m_icon, m_hub.color(m_color));
}

void SampleCard::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(m_hub.color(Color::Border), 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8);
    const double right = width() - m_hub.px(16), left = right - m_hub.px(118), top = m_hub.px(16);
    painter.setPen(QPen(m_hub.color(Color::Fp32), 1.5));
    painter.drawLine(QPointF(left, top + 8), QPointF(right, top + 8));
    painter.setPen(QPen(m_hub.color(Color::Error), 1.2, Qt::DotLine));
    painter.drawLine(QPointF(left, top + 25), QPointF(right, top + 25));
    const double curve[] = {30, 22, 18, 15.5, 14.6, 13.8, 13.6, 13.1, 12.9, 12.7};
    QPainterPath path(QPointF(left + 2, top + curve[0]));
    for (int i = 1; i < 10; ++i) path.lineTo(left + 2 + i * (right - left - 4) / 9, top + curve[i]);
    painter.setPen(QPen(m_hub.color(Color::Quant), 1.8, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.drawPath(path);
}

PresetTable::PresetTable(const ThemeHub& hub, QWidget* parent) : RowTable(hub, parent) {
    auto* model = new QStandardItemModel(0, 4, this);
    model->setHorizontalHeaderLabels({tr("Name"), tr("Bits"), tr("What it sets"), tr("Stages")});
    for (const Preset& preset : presets()) {
        auto* name = new QStandardItem(preset.name);
        name->setData(preset.key, Qt::UserRole);
        name->setData(hub.theme().weighted(hub.theme().ui, QFont::Medium), Qt::FontRole);
        auto* bits = new QStandardItem;
        bits->setData(preset.weightBits, BitsRole);
        bits->setData(preset.activationBits, kActivationBitsRole);
        bits->setData(QStringLiteral("W%1 A%2").arg(preset.weightBits).arg(preset.activationBits),
                      Qt::AccessibleTextRole);
        auto* what = new QStandardItem(preset.what);
        what->setData(static_cast<int>(Color::Text2), TokenRole);
        what->setToolTip(preset.what);
        auto* stages = new QStandardItem(preset.stages);
        stages->setData(static_cast<int>(Color::Text3), TokenRole);
        model->appendRow({name, bits, what, stages});
    }
    setModel(model);
    setRowHeight(36);
    setSelectionMode(SingleSelection);
    setAccessibleName(tr("Presets"));
    setItemDelegateForColumn(1, new PairDelegate(hub, this));
    horizontalHeader()->resizeSection(0, hub.px(150));
    horizontalHeader()->resizeSection(1, hub.px(92));
    horizontalHeader()->setSectionResizeMode(2, QHeaderView::Stretch);
    horizontalHeader()->resizeSection(3, hub.px(196));
    connect(this, &QTableView::activated, this, [this](const QModelIndex& index) {
        Q_EMIT chosen(index.siblingAtColumn(0).data(Qt::UserRole).toString());
    });
}

}  // namespace qat::ui
