// Bars in their order on one axis: how they are sorted, scaled, laid out in columns and painted.
#pragma once

#include <QRectF>
#include <QString>
#include <optional>
#include <vector>

#include "charts/chart_scale.h"
#include "document/selection_hub.h"
#include "style/theme.h"
#include "widgets/number_form.h"

class QPainter;

namespace qat::ui {

struct RankBar {
    LayerId layer = kNoLayer;
    QString label;
    double value = 0;  // not finite = no bar, sorted last
    std::optional<double> low, high;
    bool withinNoise = false;
};

enum class RankOrder { Largest, Smallest, Network };
std::vector<RankBar> ranked(std::vector<RankBar> bars, RankOrder order);

// Whether most bars would be too short to see on a linear axis.
bool needsLogAxis(const std::vector<RankBar>& bars);
// Values that are not above 0 have no length on a logarithmic axis.
AxisScale rankScale(const std::vector<RankBar>& bars, const NumberForm& form, bool logarithmic);
// As it is painted.
QString rankNumber(const RankBar& bar, const NumberForm& form);

struct RankColumns {
    double nameRight, barLeft, barRight, valueRight;
};
RankColumns rankColumns(const std::vector<RankBar>& bars, const NumberForm& form, double width, const Theme& theme);

// How a row looks besides what it says.
struct RankRowState {
    bool selected = false, hovered = false, focused = false;
};

// Paints in the columns, in the colours of a theme.
class RankPainter {
public:
    RankPainter(QPainter& painter, const Theme& theme, const AxisScale& scale, const NumberForm& form,
                const RankColumns& columns)
        : m_painter(painter), m_theme(theme), m_scale(scale), m_form(form), m_at(columns) {}

    void grid(double top, double bottom) const;
    void axis(const QRectF& area) const;
    void row(const RankBar& bar, const QRect& area, const RankRowState& state) const;

private:
    double xOf(double tick) const;
    void bar(const RankBar& bar, const QRectF& area) const;

    QPainter& m_painter;
    const Theme& m_theme;
    const AxisScale& m_scale;
    const NumberForm& m_form;
    const RankColumns& m_at;
};

}  // namespace qat::ui
