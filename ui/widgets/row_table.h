// Tables as the window shows them: no grid, hover rows, a selection bar.
#pragma once

#include <QStyledItemDelegate>
#include <QTableView>

#include "style/chip.h"

namespace qat::ui {

class ThemeHub;

// What the models of our tables answer besides Qt's own roles.
enum ItemRole {
    SortRole = Qt::UserRole + 1,  // raw value to sort by
    LayerIdRole,                  // LayerId of the row
    RelatedRole,                  // true: the row shares a scale group with the selection
    BitsRole,                     // int, 0 = float
    ShareRole,                    // double in [-1, 1]
    ChipKindRole,                 // int(ChipKind) of a chip, int(Color) of a glyph
    ChipIconRole,                 // icon name of a chip or a glyph
    StackRole,                    // QVariantList of four counts
    HistoryRole,                  // QVariantList of numbers, oldest first
    TokenRole,                    // int(Color) of the text
    CodeRole,                     // true: layer names and file names, code font, elided in the middle
    DetailRole,                   // second line of two-line rows
    PlainTitleRole                // of a header: its title without the unit of the numbers on the screen
};

// Hidden vertical header, whole-row selection, 26 px rows (rowHeight), sorting on request, hover row followed.
class RowTable : public QTableView {
    Q_OBJECT
public:
    explicit RowTable(const ThemeHub& hub, QWidget* parent = nullptr);
    const ThemeHub& hub() const { return m_hub; }
    int hoveredRow() const { return m_hovered; }
    void setRowHeight(double baseHeight);  // in px at the 13 px base font
    // The selected rows as Ctrl+C puts them on the clipboard: titles first, visible columns, separated by tabs.
    QString copiedRows() const;

Q_SIGNALS:
    void rowHovered(int row);  // -1 = none

protected:
    bool viewportEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void setHovered(int row);

    const ThemeHub& m_hub;
    int m_hovered = -1;
    double m_rowHeight = 26;
};

// Background of a row (hover, selection with its 3 px bar, related outline, hairline) and plain text.
class RowDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    explicit RowDelegate(const ThemeHub& hub, QObject* parent = nullptr) : QStyledItemDelegate(parent), m_hub(hub) {}
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;

protected:
    const Theme& theme() const;
    void paintBackground(QPainter& painter, const QStyleOptionViewItem& option, const QModelIndex& index) const;
    // What stands in the cell; the base paints DisplayRole.
    virtual void paintContent(QPainter& painter, const QRect& cell, const QStyleOptionViewItem& option,
                              const QModelIndex& index) const;

    const ThemeHub& m_hub;
};

}  // namespace qat::ui
