// The cell of a last column: its text keeps the panel's padding from the edge.
#pragma once

#include "widgets/row_table.h"

namespace qat::ui {

// A number that ends at the panel's padding.
class NumberDelegate : public RowDelegate {
    Q_OBJECT
public:
    using RowDelegate::RowDelegate;

protected:
    void paintContent(QPainter& painter, const QRect& cell, const QStyleOptionViewItem& option,
                      const QModelIndex& index) const override;
};

}  // namespace qat::ui
