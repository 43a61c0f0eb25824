// Below the layer table: the pattern lab, or what runtimes make of the placement, with its count always in sight.
#pragma once

#include <QWidget>

class QPushButton;
class QStackedWidget;

namespace qat::ui {

class ChipView;
class Document;
class PatternPanel;
class PlacementCheck;
class PlacementPanel;
class SegmentBar;
class SelectionHub;
class ThemeHub;
class ThemedLabel;

class LabPanel : public QWidget {
    Q_OBJECT
public:
    LabPanel(const ThemeHub& hub, SelectionHub* selection, Document* document, QWidget* parent = nullptr);

    PlacementPanel* placement() { return m_placement; }
    // "patterns" or "placement"; the choice is kept for the next start.
    void showTab(const QString& key);
    QString tab() const;
    // The counts beside the tabs: "1 refused, 2 slower", "" while there is neither.
    QString badge() const;
    QSize sizeHint() const override;  // the height its dock starts with

Q_SIGNALS:
    void lineWanted(int line);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    QWidget* makeHeader();
    void refreshBadge();
    QString hint() const;

    const ThemeHub& m_hub;
    PlacementCheck* m_check;
    SegmentBar* m_tabs;  // made before the tables, so that Tab reaches it first
    QPushButton* m_escape;
    PatternPanel* m_patterns;
    PlacementPanel* m_placement;
    QStackedWidget* m_stack;
    ChipView* m_refused = nullptr;
    ChipView* m_slower = nullptr;
    ThemedLabel* m_hint = nullptr;
};

}  // namespace qat::ui
