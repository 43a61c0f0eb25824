// File > Export model: the export form in a dialog.
#pragma once

#include <QDialog>

namespace qat::ui {

class ExportPanel;
class ThemeHub;

class ExportDialog : public QDialog {
    Q_OBJECT
public:
    ExportDialog(const ThemeHub& hub, const QString& source, QWidget* parent = nullptr);
    ExportPanel* panel() { return m_panel; }

private:
    ExportPanel* m_panel;
};

}  // namespace qat::ui
