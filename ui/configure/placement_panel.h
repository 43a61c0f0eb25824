// What would break a fusion in TensorRT or ONNX Runtime: rules on the left, the places of the chosen one on the right.
#pragma once

#include <QWidget>

#include "configure/placement_rules.h"

class QStackedWidget;
class QStandardItemModel;

namespace qat::ui {

class EmptyState;
class PlacementCheck;
class RowTable;
class SelectionHub;
class ThemeHub;
class ThemedLabel;

// Choosing places selects the layers they stand at; a click or Enter on a rule selects those of all its places.
class PlacementPanel : public QWidget {
    Q_OBJECT
public:
    PlacementPanel(const ThemeHub& hub, SelectionHub* selection, PlacementCheck* check, QWidget* parent = nullptr);

    const std::vector<PlacementRule>& rules() const { return m_rules; }
    RowTable* ruleTable() { return m_ruleTable; }
    RowTable* placeTable() { return m_placeTable; }
    // Shown instead of the tables, "" while they show.
    const QString& sentence() const { return m_sentence; }

private:
    QWidget* makeRules();
    QWidget* makePlaces();
    void refresh();
    void fillRules();
    void showRule(int row);
    void fillPlaces(const PlacementRule& rule);
    QStringList chosenPlaces() const;
    void pushPlaces();
    void pushRule(int row);
    void select(const QStringList& places);

    const ThemeHub& m_hub;
    SelectionHub* m_selection;
    PlacementCheck* m_check;
    std::vector<PlacementRule> m_rules;
    QString m_sentence;
    QStackedWidget* m_stack;
    EmptyState* m_empty;
    QStandardItemModel* m_ruleItems;
    QStandardItemModel* m_placeItems;
    RowTable* m_ruleTable = nullptr;
    RowTable* m_placeTable = nullptr;
    ThemedLabel* m_why = nullptr;
    bool m_filling = false;  // rows come and go, nobody chooses
};

}  // namespace qat::ui
