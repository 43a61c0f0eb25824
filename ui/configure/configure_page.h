// The Configure perspective: form, layers, patterns, placement and text, all through the document.
#pragma once

#include "pages/dock_page.h"

namespace qat::ui {

class Document;
class FormPanel;
class LabPanel;
class LayerPanel;
class PanelHeader;
class SelectionHub;
class ThemeHub;
class YamlEditor;

class ConfigurePage : public DockPage {
    Q_OBJECT
public:
    ConfigurePage(ThemeHub* hub, SelectionHub* selection, Document* document, QWidget* parent = nullptr);
    void focusFilter();
    void arrangeDocks() override;
    // Puts the cursor on the next issue after it, in the text.
    void showNextIssue();
    // Lists what would break a fusion in a runtime, below the layer table.
    void showPlacement();

    FormPanel* form() { return m_form; }
    LabPanel* lab() { return m_lab; }
    LayerPanel* layers() { return m_layers; }
    YamlEditor* editor() { return m_editor; }

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void buildDocks();
    void link();
    void refreshHeader();
    void arrangeColumns();

    ThemeHub* m_hub;
    Document* m_document;
    FormPanel* m_form;
    LayerPanel* m_layers;
    YamlEditor* m_editor;
    LabPanel* m_lab = nullptr;
    PanelHeader* m_textHeader = nullptr;
    SelectionHub* m_selection;
    QDockWidget* m_formDock = nullptr;
    QDockWidget* m_textDock = nullptr;
    QDockWidget* m_patternDock = nullptr;
};

}  // namespace qat::ui
