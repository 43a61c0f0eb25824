// Below the pictures: from which confidence on an object counts, on either side, and what comes of it.
#pragma once

#include <QTimer>
#include <QWidget>
#include <vector>

#include "compare/comparison.h"
#include "feed/run_data.h"
#include "style/theme_hub.h"

class QToolButton;

namespace qat::ui {

class ThemedLabel;
class ThresholdSlider;

class ThresholdPanel : public QWidget {
    Q_OBJECT
public:
    explicit ThresholdPanel(ThemeHub* hub, QWidget* parent = nullptr);
    Thresholds thresholds() const;
    // Marks the confidences at which F1 is best; the sliders start there, until somebody moves them.
    void recommend(const RecommendedConfidences& best);
    void startAnew();  // for another run
    // Their scores stand behind the sliders.
    void setImages(const std::vector<RunImage>& images);
    void showFigures(const RunComparison& comparison);

Q_SIGNALS:
    void settled();  // thresholds() are others, and have been for a moment

private:
    struct Side {
        ThresholdSlider* slider = nullptr;
        ThemedLabel* value = nullptr;
        ThemedLabel* figures = nullptr;
    };
    Side addSide(const QString& title, Color tone, QWidget* box);
    void showValue(const Side& side);
    void moveTo(const Side& side, std::optional<double> threshold);

    ThemeHub* m_hub;
    Side m_fp32, m_quantized;
    QToolButton* m_link = nullptr;
    QTimer m_pause;
    RecommendedConfidences m_best;
    bool m_moved = false, m_moving = false;  // by somebody, by the program
};

}  // namespace qat::ui
