// A confidence threshold with the histogram of the scores it cuts.
#pragma once

#include <QAbstractSlider>
#include <optional>
#include <vector>

#include "style/theme_hub.h"

namespace qat::ui {

// Value in hundredths, 1..99. Arrow keys move by 1, page keys by 5.
class ThresholdSlider : public QAbstractSlider {
    Q_OBJECT
public:
    ThresholdSlider(ThemeHub* hub, Color data, QWidget* parent = nullptr);
    void setHistogram(std::vector<int> bins);
    double threshold() const { return value() / 100.0; }
    // A line over the track, where something is recommended.
    void setMark(std::optional<double> threshold);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {120, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;

private:
    QRectF track() const;
    int valueAt(double x) const;

    ThemeHub* m_hub;
    Color m_data;
    std::vector<int> m_bins;
    std::optional<double> m_mark;
};

}  // namespace qat::ui
