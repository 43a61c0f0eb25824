// The manual, as it lies in the program: the pages of resources/docs with their pictures and links.
#pragma once

#include <QDialog>

namespace qat::ui {

class ManualText;
class ThemeHub;

class ManualWindow : public QDialog {
    Q_OBJECT
public:
    ManualWindow(const ThemeHub& hub, QWidget* parent);
    // A page by its file name without .md: guide, config-reference, run-folder, exit-status.
    void showManualPage(const QString& name);
    QString title() const;  // first heading of the shown page

private:
    ManualText* m_text;
};

}  // namespace qat::ui
