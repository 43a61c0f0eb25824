// Wraps the export form.
#include "exporting/export_dialog.h"

#include <QVBoxLayout>

#include "exporting/export_panel.h"
#include "style/theme_hub.h"

namespace qat::ui {

ExportDialog::ExportDialog(const ThemeHub& hub, const QString& source, QWidget* parent)
    : QDialog(parent), m_panel(new ExportPanel(hub, this)) {
    setWindowTitle(tr("Export model"));
    resize(hub.px(1080), hub.px(560));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_panel);
    m_panel->setSource(source);
}

}  // namespace qat::ui
