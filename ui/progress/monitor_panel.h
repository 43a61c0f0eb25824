// The right side of the Run page: figures, sentinel, restless layers, progress.
#pragma once

#include <QWidget>

#include "document/selection_hub.h"
#include "feed/run_data.h"
#include "style/theme_hub.h"

class QPushButton;
class QVBoxLayout;

namespace qat::ui {

class ChipView;
class KpiGrid;
class OscillationModel;
class RowTable;
class SentinelBar;
class ThemedLabel;
class ProgressStrip;

class MonitorPanel : public QWidget {
    Q_OBJECT
public:
    MonitorPanel(ThemeHub* hub, SelectionHub* selection, QWidget* parent = nullptr);
    // mask: RunChange bits, so that only what changed is laid out again.
    void refresh(const RunData& data, unsigned mask);

    // A stop that was asked for failed: its button can be pressed again.
    void stopRefused(const RunData& data);

Q_SIGNALS:
    void stopRequested();
    void resumeRequested();
    void analyzeRequested();

private:
    void buildSentinel(QVBoxLayout* column);
    void buildOscillation(QVBoxLayout* column, SelectionHub* selection);
    void buildTable(SelectionHub* selection);
    void buildProgress(QVBoxLayout* column);
    QWidget* sectionTitle(const QString& text, QWidget* right);
    void refreshProgress(const RunData& data);
    void refreshActions(const RunData& data);

    ThemeHub* m_hub;
    KpiGrid* m_kpis;
    SentinelBar* m_sentinel;
    ChipView* m_sentinelState;
    QWidget* m_sentinelSection;
    OscillationModel* m_oscillation;
    RowTable* m_table;
    ThemedLabel* m_noOscillation;
    QPushButton* m_analyze;
    ThemedLabel* m_stage;
    ThemedLabel* m_counts;
    ProgressStrip* m_bar;
    QPushButton* m_stop;
    QPushButton* m_resume;
    bool m_stopAsked = false;  // until the shown run is another or no longer runs
    QString m_folder;
    ThemedLabel* m_footer;
};

// A 4 px progress track.
class ProgressStrip : public QWidget {
    Q_OBJECT
public:
    explicit ProgressStrip(ThemeHub* hub, QWidget* parent = nullptr);
    void setShare(double share);  // in [0, 1]; below 0 = only the track

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    ThemeHub* m_hub;
    double m_share = -1;
};

}  // namespace qat::ui
