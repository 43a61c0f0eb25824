// The centre of Configure: what the plan costs, the layer table, and the keys that change it.
#pragma once

#include <QWidget>

#include "configure/layer_rules.h"

class QLineEdit;
class QStackedWidget;
class QTimer;

namespace qat::ui {

class Document;
class EmptyState;
class PlanFilter;
class PlanModel;
class MessageStack;
class PanelHeader;
class RowTable;
class SelectionHub;
class ThemeHub;
class ThemedLabel;

class LayerPanel : public QWidget {
    Q_OBJECT
public:
    LayerPanel(const ThemeHub& hub, SelectionHub* selection, Document* document, QWidget* parent = nullptr);
    void focusFilter();
    // Applies to the selected layers, as the keys 4 8 6 F D do.
    void apply(LayerRule rule);
    RowTable* table() { return m_table; }

Q_SIGNALS:
    void lineWanted(int line);  // of the pattern that set the activated layer

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    QWidget* makeHeader();
    QWidget* makeBudget();
    QWidget* makeTable();
    QWidget* makeFooter();
    void refresh();
    void refreshBudget();
    void takeSelection(const void* origin);
    void pushSelection();
    void tellMixedPrecision(int woken);
    void checkRule();

    const ThemeHub& m_hub;
    SelectionHub* m_selection;
    Document* m_document;
    PlanModel* m_model;
    PlanFilter* m_filter;
    PanelHeader* m_header;
    QLineEdit* m_field;
    MessageStack* m_messages;
    RowTable* m_table;
    QStackedWidget* m_stack;
    EmptyState* m_empty;
    ThemedLabel* m_bytes;
    ThemedLabel* m_share;
    ThemedLabel* m_meanBits;
    ThemedLabel* m_macs;
    ThemedLabel* m_selected;
    bool m_taking = false;
    // What a key was last asked for, until the core has said what became of it.
    struct Asked {
        QString text;
        QStringList layers;
        LayerRule rule = LayerRule::Default;
    } m_asked;
};

}  // namespace qat::ui
