// How far a run is from collapse, as a bar, and the figures above it.
#pragma once

#include <QWidget>
#include <vector>

#include "charts/kpi_grid.h"
#include "progress/run_curves.h"
#include "style/theme_hub.h"

namespace qat::ui {

// Floor, present value and FP32 on one scale.
class SentinelBar : public QWidget {
    Q_OBJECT
public:
    explicit SentinelBar(ThemeHub* hub, QWidget* parent = nullptr);
    void setFigures(const RunFigures& figures);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {120, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    ThemeHub* m_hub;
    RunFigures m_figures;
};

// The four figures every run has: FP32, PTQ, current, final.
std::vector<Kpi> kpisOf(const RunData& data);

}  // namespace qat::ui
