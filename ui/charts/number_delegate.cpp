// Painting with the padding.
#include "charts/number_delegate.h"

#include "style/theme_hub.h"

namespace qat::ui {

void NumberDelegate::paintContent(QPainter& painter, const QRect& cell, const QStyleOptionViewItem& option,
                                  const QModelIndex& index) const {
    RowDelegate::paintContent(painter, cell.adjusted(0, 0, -m_hub.px(8), 0), option, index);
}

}  // namespace qat::ui
