// Painting of rows and cells.
#include "widgets/row_table.h"

#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "style/follow_theme.h"
#include "style/theme_hub.h"

namespace qat::ui {

RowTable::RowTable(const ThemeHub& hub, QWidget* parent) : QTableView(parent), m_hub(hub) {
    setShowGrid(false);
    setFrameShape(QFrame::NoFrame);
    setSelectionBehavior(SelectRows);
    setSelectionMode(ExtendedSelection);
    setEditTriggers(NoEditTriggers);
    setVerticalScrollMode(ScrollPerPixel);
    setHorizontalScrollMode(ScrollPerPixel);
    setWordWrap(false);
    setTabKeyNavigation(false);
    viewport()->setMouseTracking(true);
    setItemDelegate(new RowDelegate(hub, this));
    verticalHeader()->hide();
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    horizontalHeader()->setSectionsMovable(false);
    followTheme(hub, horizontalHeader(), [this] {
        horizontalHeader()->setFont(m_hub.theme().weighted(m_hub.theme().caption, QFont::Medium));
        QPalette header = horizontalHeader()->palette();
        header.setColor(QPalette::ButtonText, m_hub.color(Color::Text2));
        header.setColor(QPalette::WindowText, m_hub.color(Color::Text2));
        header.setColor(QPalette::Text, m_hub.color(Color::Text2));
        horizontalHeader()->setPalette(header);
        setRowHeight(m_rowHeight);
    });
}

void RowTable::setRowHeight(double baseHeight) {
    m_rowHeight = baseHeight;
    verticalHeader()->setMinimumSectionSize(1);
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->setDefaultSectionSize(m_hub.px(baseHeight));
}

void RowTable::setHovered(int row) {
    if (row == m_hovered) return;
    m_hovered = row;
    viewport()->update();
    Q_EMIT rowHovered(row);
}

bool RowTable::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::MouseMove)
        setHovered(rowAt(static_cast<int>(static_cast<QMouseEvent*>(event)->position().y())));
    else if (event->type() == QEvent::Leave)
        setHovered(-1);
    return QTableView::viewportEvent(event);
}

namespace {

// As files have it: numbers raw and in the C locale, without the unit that the header of the screen may name.
QString copiedCell(const QModelIndex& index) {
    const QVariant raw = index.data(SortRole);
    if (raw.typeId() != QMetaType::Double) return index.data().toString();
    return std::isnan(raw.toDouble()) ? QString() : QString::number(raw.toDouble(), 'g', 12);
}

QString copiedTitle(const QAbstractItemModel& model, int column) {
    const QVariant plain = model.headerData(column, Qt::Horizontal, PlainTitleRole);
    return (plain.isValid() ? plain : model.headerData(column, Qt::Horizontal)).toString();
}

}  // namespace

QString RowTable::copiedRows() const {
    QList<int> rows;
    for (const QModelIndex& index : selectionModel()->selectedRows()) rows.append(index.row());
    std::sort(rows.begin(), rows.end());
    QStringList lines, titles;
    for (int column = 0; column < model()->columnCount(); ++column)
        if (!isColumnHidden(column)) titles.append(copiedTitle(*model(), column));
    lines.append(titles.join(QLatin1Char('\t')));
    for (const int row : rows) {
        QStringList cells;
        for (int column = 0; column < model()->columnCount(); ++column)
            if (!isColumnHidden(column)) cells.append(copiedCell(model()->index(row, column)));
        lines.append(cells.join(QLatin1Char('\t')));
    }
    return lines.join(QLatin1Char('\n'));
}

void RowTable::keyPressEvent(QKeyEvent* event) {
    if (!event->matches(QKeySequence::Copy) || !selectionModel()) return QTableView::keyPressEvent(event);
    QApplication::clipboard()->setText(copiedRows());
}

const Theme& RowDelegate::theme() const {
    return m_hub.theme();
}

QSize RowDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
    const bool code = index.data(CodeRole).toBool();
    const QFontMetrics metrics(code ? theme().code : theme().small);
    const int width = metrics.horizontalAdvance(index.data(Qt::DisplayRole).toString()) + m_hub.px(16);
    return {width, option.decorationSize.height() + m_hub.px(8)};
}

void RowDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    painter->save();
    paintBackground(*painter, option, index);
    const int inset = index.column() == 0 ? m_hub.px(12) : m_hub.px(8);
    paintContent(*painter, option.rect.adjusted(inset, 0, -m_hub.px(4), -1), option, index);
    painter->restore();
}

void RowDelegate::paintBackground(QPainter& painter, const QStyleOptionViewItem& option,
                                  const QModelIndex& index) const {
    const QRect r = option.rect;
    const bool selected = option.state & QStyle::State_Selected;
    const auto* table = qobject_cast<const RowTable*>(option.widget);
    const bool hovered = table ? table->hoveredRow() == index.row() : bool(option.state & QStyle::State_MouseOver);
    if (selected)
        painter.fillRect(r, theme().color(Color::AccentSoft));
    else if (hovered)
        painter.fillRect(r, theme().color(Color::Hover));
    QColor line = theme().color(Color::Border);
    line.setAlphaF(0.5F);
    painter.fillRect(r.left(), r.bottom(), r.width(), 1, line);
    const int columns = index.model()->columnCount(index.parent());
    if (selected && index.column() == 0)
        painter.fillRect(r.left(), r.top(), 3, r.height(), theme().color(Color::Accent));
    if (!selected && index.data(RelatedRole).toBool()) {
        painter.fillRect(r.left(), r.top(), r.width(), 1, theme().color(Color::Accent));
        painter.fillRect(r.left(), r.bottom(), r.width(), 1, theme().color(Color::Accent));
        if (index.column() == 0) painter.fillRect(r.left(), r.top(), 1, r.height(), theme().color(Color::Accent));
        if (index.column() == columns - 1)
            painter.fillRect(r.right(), r.top(), 1, r.height(), theme().color(Color::Accent));
    }
    if ((option.state & QStyle::State_HasFocus) && (option.state & QStyle::State_KeyboardFocusChange)) {
        painter.setPen(QPen(theme().color(Color::Accent), 1));
        painter.drawRect(r.adjusted(0, 0, -1, -2));
    }
}

void RowDelegate::paintContent(QPainter& painter, const QRect& cell, const QStyleOptionViewItem&,
                               const QModelIndex& index) const {
    const bool code = index.data(CodeRole).toBool();
    const QVariant token = index.data(TokenRole);
    const QVariant alignment = index.data(Qt::TextAlignmentRole);
    const QVariant font = index.data(Qt::FontRole);
    painter.setFont(font.isValid() ? font.value<QFont>() : code ? theme().code : theme().small);
    painter.setPen(theme().color(token.isValid() ? static_cast<Color>(token.toInt()) : Color::Text));
    const QString detail = index.data(DetailRole).toString();
    const int flags = (alignment.isValid() ? alignment.toInt() : int(Qt::AlignLeft)) & Qt::AlignHorizontal_Mask;
    const QString text = painter.fontMetrics().elidedText(index.data(Qt::DisplayRole).toString(),
                                                          code ? Qt::ElideMiddle : Qt::ElideRight, cell.width());
    if (detail.isEmpty()) return painter.drawText(cell, flags | Qt::AlignVCenter | Qt::TextSingleLine, text);
    const int middle = cell.center().y();
    painter.drawText(QRect(cell.left(), cell.top(), cell.width(), middle - cell.top()),
                     flags | Qt::AlignBottom | Qt::TextSingleLine, text);
    painter.setFont(theme().small);
    painter.setPen(theme().color(Color::Text3));
    painter.drawText(QRect(cell.left(), middle + 1, cell.width(), cell.bottom() - middle),
                     flags | Qt::AlignTop | Qt::TextSingleLine,
                     painter.fontMetrics().elidedText(detail, Qt::ElideMiddle, cell.width()));
}

}  // namespace qat::ui
