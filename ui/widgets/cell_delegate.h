// Cells of tables that are more than text: one delegate, and the looks it knows.
#pragma once

#include "widgets/row_table.h"

namespace qat::ui {

// What a cell without the role shows instead is its text.
enum class CellLook {
    Bits,    // a chip from BitsRole
    Bar,     // a bar from ShareRole with the text, a number, right of it
    Chip,    // a state chip from ChipKindRole, ChipIconRole and the text
    Number,  // the text of a last column, which ends at the panel's padding
    Glyph,   // the icon of ChipIconRole in the colour of ChipKindRole, here int(Color), on its soft fill; then the text
    Stack,   // a bar of the four counts in StackRole: three filled, the last hollow, so that they differ in shape too
    Track,   // a plain grey bar from ShareRole
    Spark,   // a small line without axes from HistoryRole
};

class CellDelegate : public RowDelegate {
    Q_OBJECT
public:
    CellDelegate(const ThemeHub& hub, CellLook look, QObject* parent) : RowDelegate(hub, parent), m_look(look) {}

protected:
    void paintContent(QPainter& painter, const QRect& cell, const QStyleOptionViewItem& option,
                      const QModelIndex& index) const override;

private:
    CellLook m_look;
};

}  // namespace qat::ui
