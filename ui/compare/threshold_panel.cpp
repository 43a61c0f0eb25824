// Two sliders that move together unless they are unlinked.
#include "compare/threshold_panel.h"

#include <QHBoxLayout>
#include <QLocale>
#include <QToolButton>
#include <QVBoxLayout>
#include <cmath>

#include "compare/threshold_slider.h"
#include "widgets/buttons.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {
constexpr int kPauseMs = 60;
constexpr double kStart = 0.25;  // of runs that recommend nothing
}  // namespace

ThresholdPanel::ThresholdPanel(ThemeHub* hub, QWidget* parent) : QWidget(parent), m_hub(hub) {
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(0);
    auto* left = new QWidget(this);
    auto* right = new QWidget(this);
    m_fp32 = addSide(tr("FP32 confidence"), Color::Fp32, left);
    m_quantized = addSide(tr("Quantized confidence"), Color::Quant, right);
    m_link = makeIconButton(*m_hub, QStringLiteral("link"), tr("Move both thresholds together"));
    m_link->setCheckable(true);
    m_link->setChecked(true);
    line->addWidget(left, 1);
    line->addWidget(m_link);
    line->addWidget(right, 1);
    m_pause.setSingleShot(true);
    m_pause.setInterval(kPauseMs);
    connect(&m_pause, &QTimer::timeout, this, &ThresholdPanel::settled);
    const auto pair = [this](const Side& own, const Side& other) {
        connect(own.slider, &ThresholdSlider::valueChanged, this, [this, own, partner = other.slider] {
            if (m_link->isChecked() && !m_moving) partner->setValue(own.slider->value());
            m_moved = m_moved || !m_moving;
            showValue(own);
            m_pause.start();
        });
    };
    pair(m_fp32, m_quantized);
    pair(m_quantized, m_fp32);
}

ThresholdPanel::Side ThresholdPanel::addSide(const QString& title, Color tone, QWidget* box) {
    Side side;
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(m_hub->px(16), m_hub->px(6), m_hub->px(16), m_hub->px(4));
    column->setSpacing(m_hub->px(2));
    auto* line = new QHBoxLayout;
    line->setSpacing(m_hub->px(8));
    side.value = new ThemedLabel(*m_hub, {}, TextStyle::BodyStrong, Color::Text);
    side.figures = new ThemedLabel(*m_hub, {}, TextStyle::Small, Color::Text2);
    side.slider = new ThresholdSlider(m_hub, tone);
    side.slider->setAccessibleName(title);
    line->addWidget(new ThemedLabel(*m_hub, title, TextStyle::Small, Color::Text2));
    line->addWidget(side.value);
    line->addStretch(1);
    line->addWidget(side.figures);
    column->addLayout(line);
    column->addWidget(side.slider);
    showValue(side);
    return side;
}

Thresholds ThresholdPanel::thresholds() const {
    return {m_fp32.slider->threshold(), m_quantized.slider->threshold()};
}

void ThresholdPanel::moveTo(const Side& side, std::optional<double> threshold) {
    m_moving = true;
    if (threshold) side.slider->setValue(static_cast<int>(std::lround(*threshold * 100)));
    m_moving = false;
}

void ThresholdPanel::recommend(const RecommendedConfidences& best) {
    if (best == m_best) return;
    m_best = best;
    const auto show = [&](const Side& side, std::optional<double> threshold) {
        side.slider->setMark(threshold);
        side.slider->setToolTip(threshold ? tr("F1 is best at %1").arg(QLocale().toString(*threshold, 'f', 2))
                                          : QString());
        if (!m_moved) moveTo(side, threshold);
    };
    show(m_fp32, best.fp32);
    show(m_quantized, best.quantized);
    if (!m_moved) m_link->setChecked(m_fp32.slider->value() == m_quantized.slider->value());
}

void ThresholdPanel::startAnew() {
    m_moved = false;
    m_best = {};
    for (const Side& side : {m_fp32, m_quantized}) {
        side.slider->setMark(std::nullopt);
        moveTo(side, kStart);
    }
    m_link->setChecked(true);
}

void ThresholdPanel::setImages(const std::vector<RunImage>& images) {
    m_fp32.slider->setHistogram(scoreHistogram(images, false));
    m_quantized.slider->setHistogram(scoreHistogram(images, true));
}

void ThresholdPanel::showValue(const Side& side) {
    side.value->setText(QLocale().toString(side.slider->threshold(), 'f', 2));
}

void ThresholdPanel::showFigures(const RunComparison& comparison) {
    const auto show = [&](const Side& side, bool quantized) {
        const double recall = comparison.recall(quantized);
        side.figures->setText(std::isnan(recall)
                                  ? tr("no labels")
                                  : tr("recall %1, false alarms per image %2")
                                        .arg(QLocale().toString(recall, 'f', 3),
                                             QLocale().toString(comparison.falseAlarmsPerImage(quantized), 'f', 2)));
    };
    show(m_fp32, false);
    show(m_quantized, true);
}

}  // namespace qat::ui
