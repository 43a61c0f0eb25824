// Curve maths, scales, and what the chart widgets do with difficult data.
#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QFile>
#include <QImage>
#include <QMouseEvent>
#include <QPainter>
#include <QSet>
#include <QTest>
#include <cmath>
#include <ctime>
#include <limits>
#include <numeric>

#include "charts/chart_pane.h"
#include "charts/curve_maths.h"
#include "charts/heat_map.h"
#include "charts/rank_bars.h"
#include "support/assets.h"

namespace qat::ui {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Smoothing, FollowsTheDebiasedFormula) {
    const std::vector<double> smooth = debiasedEma(std::vector<double>{1, 2, 4}, 0.5);
    EXPECT_DOUBLE_EQ(smooth[0], 1);  // 0.5 / 0.5
    EXPECT_DOUBLE_EQ(smooth[1], (0.25 * 1 + 0.5 * 2) / 0.75);
    EXPECT_DOUBLE_EQ(smooth[2], (0.125 * 1 + 0.25 * 2 + 0.5 * 4) / 0.875);
}

TEST(Smoothing, LeavesConstantsAndGapsAlone) {
    const std::vector<double> constant(50, 0.1);
    EXPECT_EQ(debiasedEma(constant, 0.9), constant) << "bit for bit";
    const std::vector<double> smooth = debiasedEma(std::vector<double>{1, kNan, 3}, 0.5);
    EXPECT_TRUE(std::isnan(smooth[1]));
    EXPECT_DOUBLE_EQ(smooth[2], (0.25 * 1 + 0.5 * 3) / 0.75) << "a gap does not count";
    EXPECT_TRUE(debiasedEma(std::vector<double>{}, 0.9).empty());
}

TEST(Smoothing, WeightIsClampedBelowOne) {
    const std::vector<double> smooth = debiasedEma(std::vector<double>{0, 1, 0, 1}, 5);
    EXPECT_TRUE(std::isfinite(smooth.back()));
    EXPECT_GT(smooth.back(), 0.4);
}

TEST(Smoothing, MedianIgnoresASpike) {
    EXPECT_DOUBLE_EQ(medianOfFive(std::vector<double>{1, 1, 100, 1, 1})[2], 1);
    EXPECT_DOUBLE_EQ(medianOfFive(std::vector<double>{1, 3})[0], 2);
    EXPECT_TRUE(std::isnan(medianOfFive(std::vector<double>{1, kNan, 3})[1]));
}

TEST(Smoothing, EveryPieceStartsAnew) {
    ChartLine line;
    for (int i = 0; i < 4; ++i) line.points.emplace_back(i, 10);
    for (int i = 0; i < 4; ++i) line.points.emplace_back(i, i);
    line.starts = {0, 4};
    line.smoothing = 0.9;
    EXPECT_DOUBLE_EQ(smoothedValues(line)[4], 0) << "nothing of the first piece leaks in";
}

TEST(Pieces, SplitAtGapsStartsAndNonPositive) {
    ChartLine line;
    line.points = {{0, 1}, {1, kNan}, {2, 2}, {3, -1}, {4, 3}, {1, 4}};
    line.starts = {0, 5};
    const std::vector<double> values = smoothedValues(line);
    EXPECT_EQ(splitAtGaps(line, values, false).size(), 3u);
    int hidden = 0;
    EXPECT_EQ(splitAtGaps(line, values, true, &hidden).size(), 4u);
    EXPECT_EQ(hidden, 1);
}

TEST(Thinning, KeepsExtremesEndsAndOrder) {
    Polyline line;
    for (int i = 0; i < 100000; ++i) line.emplace_back(i, std::sin(i * 0.01));
    line[54321].setY(50);
    const Polyline thin = thinned(line, 0, 99999, 500);
    EXPECT_LE(thin.size(), 2004u);
    EXPECT_EQ(thin.front(), line.front());
    EXPECT_EQ(thin.back(), line.back());
    EXPECT_TRUE(std::any_of(thin.begin(), thin.end(), [](const QPointF& p) { return p.y() == 50; }));
    EXPECT_TRUE(
        std::is_sorted(thin.begin(), thin.end(), [](const QPointF& a, const QPointF& b) { return a.x() < b.x(); }));
}

TEST(Thinning, KeepsOneNeighbourOutsideARange) {
    const Polyline line{{0, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 4}};
    EXPECT_EQ(thinned(line, 1.5, 2.5, 100), (Polyline{{1, 1}, {2, 2}, {3, 3}}));
}

TEST(Scale, TicksAreRoundAndInside) {
    const AxisScale scale = linearScale(0, 0.471, 6, true);
    EXPECT_EQ(scale.ticks.size(), 6u);
    EXPECT_DOUBLE_EQ(scale.max, 0.5);
    EXPECT_EQ(scale.decimals, 1);
    for (const auto& [low, high] :
         std::initializer_list<std::pair<double, double>>{{5, 5}, {0, 0}, {kNan, 1}, {1e300, -1e300}}) {
        const AxisScale odd = linearScale(low, high, 6, true);
        EXPECT_GT(odd.max, odd.min);
        EXPECT_LE(odd.ticks.size(), 12u);
    }
}

TEST(Scale, LogSurvivesNonPositiveBounds) {
    for (const auto& [low, high] :
         std::initializer_list<std::pair<double, double>>{{0, 1}, {-1, -2}, {kNan, 3}, {1e-300, 1e300}}) {
        const AxisScale scale = logScale(low, high);
        EXPECT_GT(scale.min, 0);
        EXPECT_GT(scale.max, scale.min);
        EXPECT_LE(scale.ticks.size(), 8u);
    }
    EXPECT_DOUBLE_EQ(logScale(0.02, 3).shareOf(1), 2.0 / 3);
}

struct Hub {
    ThemeHub theme{ThemeHub::Mode::Light};
    SelectionHub selection;
};

ChartLine wave(int points) {
    ChartLine line;
    line.name = "wave";
    for (int i = 0; i < points; ++i) line.points.emplace_back(i, std::sin(i * 0.1));
    return line;
}

QImage rendered(ChartCanvas& canvas, const Theme& theme) {
    QImage image(400, 200, QImage::Format_RGB32);
    QPainter painter(&image);
    canvas.renderTo(painter, image.size(), theme);
    painter.end();
    return image;
}

// Number of pixels close to a colour.
int count(const QImage& image, const QColor& color) {
    int found = 0;
    for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x) {
            const QColor c = image.pixelColor(x, y);
            found += std::abs(c.red() - color.red()) + std::abs(c.green() - color.green()) +
                         std::abs(c.blue() - color.blue()) <
                     60;
        }
    return found;
}

TEST(Chart, DrawsALineWithoutAView) {
    Hub hub;
    ChartCanvas canvas(&hub.theme);
    canvas.setLines({wave(100)});
    EXPECT_GT(count(rendered(canvas, Theme::day()), Theme::day().color(Color::Quant)), 300);
}

TEST(Chart, LogAxisKeepsTheLineAndCountsWhatItHides) {
    Hub hub;
    ChartPane pane(&hub.theme, "p");
    ChartLine line = wave(100);
    for (QPointF& point : line.points) point.setY(point.x() == 50 ? 0 : point.x() + 1);
    pane.setLines({line});
    pane.setLogarithmic(true);
    EXPECT_GT(count(rendered(*pane.canvas(), Theme::day()), Theme::day().color(Color::Quant)), 150)
        << "one zero must not empty the chart";
    EXPECT_EQ(pane.canvas()->hiddenPoints(), 1);
}

TEST(Chart, OnlyGapsIsEmptyNotBroken) {
    Hub hub;
    ChartCanvas canvas(&hub.theme);
    ChartLine line;
    line.points = {{0, kNan}, {1, std::numeric_limits<double>::infinity()}};
    canvas.setEmptyText("Nothing yet.");
    canvas.setLines({line});
    EXPECT_TRUE(canvas.content().isEmpty());
    EXPECT_EQ(canvas.summary(), "Nothing yet.");
    canvas.resize(200, 100);
    EXPECT_FALSE(canvas.grab().isNull());
    rendered(canvas, Theme::day());
}

TEST(Chart, KeysMoveTheSharedCrosshair) {
    Hub hub;
    CrosshairLink link;
    ChartCanvas first(&hub.theme), second(&hub.theme);
    for (ChartCanvas* canvas : {&first, &second}) {
        canvas->resize(300, 200);
        canvas->setLines({wave(10)});
        canvas->setLink(&link);
    }
    QTest::keyClick(&first, Qt::Key_Home);
    QTest::keyClick(&first, Qt::Key_Right);
    ASSERT_TRUE(link.x());
    EXPECT_DOUBLE_EQ(*link.x(), 1);
    QTest::keyClick(&first, Qt::Key_End);
    EXPECT_DOUBLE_EQ(*link.x(), 9);
    first.grab();
    second.grab();
    EXPECT_TRUE(second.crosshairTable().contains("wave\t9\t"));
    QTest::keyClick(&first, Qt::Key_Escape);
    EXPECT_FALSE(link.x());
}

// QTest moves the real pointer, which a widget without a screen does not see.
void movePointer(QWidget& widget, const QPoint& to) {
    QMouseEvent move(QEvent::MouseMove, to, widget.mapToGlobal(to), Qt::NoButton, Qt::NoButton, Qt::NoModifier);
    QCoreApplication::sendEvent(&widget, &move);
}

// x of the crosshair after the pointer went to a share of the chart's width.
double xUnderPointer(ChartCanvas& canvas, double share) {
    canvas.grab();  // the scale follows from painting
    movePointer(canvas, {int(canvas.width() * share), canvas.height() / 2});
    const QString table = canvas.crosshairTable();
    return table.section('\n', 1).section('\t', 1, 1).toDouble();
}

TEST(Chart, CrosshairStopsWhereverAnyLineWasMeasured) {
    Hub hub;
    CrosshairLink link;
    ChartCanvas canvas(&hub.theme);
    canvas.resize(700, 200);
    canvas.setLink(&link);
    ChartLine ptq, floor, epochs, between;
    ptq.level = true;
    ptq.points = {{0, 0.4}, {6, 0.4}};
    floor.role = LineRole::Limit;
    floor.points = {{0.1, 0.2}, {6, 0.3}};
    for (int epoch = 1; epoch <= 6; ++epoch) epochs.points.emplace_back(epoch, 0.1 * epoch);
    between.points = {{2.5, 0.5}};
    canvas.setLines({floor, ptq});
    EXPECT_EQ(xUnderPointer(canvas, 0.9), 6) << "a level alone is read at its ends";
    canvas.setLines({floor, ptq, epochs, between});
    QSet<double> stops;
    for (double share = 0.05; share < 1; share += 0.01) {
        xUnderPointer(canvas, share);
        stops.insert(*link.x());
    }
    EXPECT_EQ(stops, (QSet<double>{1, 2, 2.5, 3, 4, 5, 6}));
    QTest::mousePress(&canvas, Qt::LeftButton, {}, {250, 90});
    movePointer(canvas, {480, 90});
    QTest::mouseRelease(&canvas, Qt::LeftButton, {}, {480, 90});
    for (const double share : {0.08, 0.9}) {
        xUnderPointer(canvas, share);
        EXPECT_GT(*link.x(), 1.5) << "a stop outside the zoom cannot be seen";
        EXPECT_LT(*link.x(), 5.5);
    }
}

TEST(Chart, SmoothsOnlyLongPlainLines) {
    Hub hub;
    ChartPane pane(&hub.theme, "p");
    ChartLine marked = wave(100);
    marked.markers = true;
    pane.setLines({wave(100), wave(10), marked});
    pane.setSmoothing(ChartPane::Smoothing::Light);
    EXPECT_GT(pane.canvas()->content().lines()[0].smoothing, 0);
    EXPECT_EQ(pane.canvas()->content().lines()[1].smoothing, 0);
    EXPECT_EQ(pane.canvas()->content().lines()[2].smoothing, 0);
}

TEST(Chart, SavesPicturesAndNumbers) {
    Hub hub;
    test::ScratchFolder scratch;
    const QString folder = QString::fromStdString(scratch.path().string());
    ChartPane pane(&hub.theme, "p");
    pane.resize(400, 260);
    ChartLine line = wave(40);
    line.name = "a \"b\"";
    pane.setLines({line});
    pane.grab();
    EXPECT_EQ(pane.saveAs(folder + "/a.png", ChartPane::FileKind::Png), "");
    EXPECT_EQ(QImage(folder + "/a.png").width(), pane.canvas()->width() * 2);
    EXPECT_EQ(pane.saveAs(folder + "/a.svg", ChartPane::FileKind::Svg), "");
    QFile svg(folder + "/a.svg");
    ASSERT_TRUE(svg.open(QIODevice::ReadOnly));
    EXPECT_TRUE(svg.readAll().contains("<svg"));
    EXPECT_EQ(pane.saveAs(folder + "/a.csv", ChartPane::FileKind::Csv), "");
    QFile csv(folder + "/a.csv");
    ASSERT_TRUE(csv.open(QIODevice::ReadOnly));
    EXPECT_EQ(csv.readLine(), "series,x,value,smoothed\n");
    EXPECT_TRUE(csv.readLine().startsWith("\"a \"\"b\"\"\",0,0,"));
    EXPECT_TRUE(pane.saveAs(folder + "/no/where.csv", ChartPane::FileKind::Csv).contains("where.csv"));
}

TEST(Chart, TableJoinsLinesByX) {
    ChartTableModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    ChartLine a, b;
    a.name = "a";
    a.points = {{1, 10}, {2, 20}};
    b.name = "b";
    b.points = {{2, 5}};
    model.setLines({a, b}, "epoch");
    EXPECT_EQ(model.rowCount(), 2);
    EXPECT_EQ(model.index(0, 2).data().toString(), QString(QChar(0x2013)));
    EXPECT_EQ(model.index(1, 2).data(), "5");
    EXPECT_EQ(model.headerData(1, Qt::Horizontal, Qt::DisplayRole), "a");
}

TEST(Chart, AHundredThousandPointsPaintQuickly) {
    Hub hub;
    ChartCanvas canvas(&hub.theme);
    canvas.setLines({wave(100000), wave(100000), wave(100000)});
    rendered(canvas, Theme::day());
    const std::clock_t begin = std::clock();
    rendered(canvas, Theme::day());
    const double milliseconds = 1e3 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    std::printf("3 x 100 000 points drawn in %.1f ms\n", milliseconds);
    EXPECT_LT(milliseconds, 200);
}

std::vector<RankBar> threeBars(SelectionHub& hub) {
    std::vector<RankBar> bars;
    for (const auto& [name, value] :
         std::initializer_list<std::pair<const char*, double>>{{"a", 1}, {"b", 3}, {"c", kNan}, {"d", 2}}) {
        RankBar bar;
        bar.layer = hub.idOf(name);
        bar.label = name;
        bar.value = value;
        bars.push_back(bar);
    }
    return bars;
}

TEST(RankBars, SortsAndKeepsTheSelectionByLayer) {
    Hub hub;
    RankBars bars(&hub.theme, &hub.selection);
    bars.resize(400, 200);
    bars.setBars(threeBars(hub.selection), {0, 2});
    const auto names = [&] {
        QString all;
        for (const RankBar& bar : bars.bars()) all += bar.label;
        return all;
    };
    EXPECT_EQ(names(), "bdac") << "not finite goes last";
    QTest::mouseClick(bars.viewport(), Qt::LeftButton, {}, bars.barRect(1).center());
    EXPECT_EQ(hub.selection.nameOf(hub.selection.current()), "d");
    bars.setOrder(RankOrder::Smallest);
    EXPECT_EQ(names(), "adbc");
    EXPECT_EQ(hub.selection.nameOf(hub.selection.current()), "d");
    EXPECT_FALSE(bars.grab().isNull());
}

TEST(RankBars, KeysAndModifiersSelect) {
    Hub hub;
    RankBars bars(&hub.theme, &hub.selection);
    bars.resize(400, 200);
    bars.setBars(threeBars(hub.selection), {0, 2});
    QTest::keyClick(&bars, Qt::Key_Home);
    QTest::keyClick(&bars, Qt::Key_Down, Qt::ShiftModifier);
    EXPECT_EQ(hub.selection.selected().size(), 2);
    QTest::mouseClick(bars.viewport(), Qt::LeftButton, Qt::ControlModifier, bars.barRect(0).center());
    EXPECT_EQ(hub.selection.selected().size(), 1);
    QTest::keyClick(&bars, Qt::Key_Escape);
    EXPECT_TRUE(hub.selection.selected().isEmpty());
    QTest::keyClick(&bars, Qt::Key_End);
    EXPECT_EQ(hub.selection.nameOf(hub.selection.current()), "c");
    EXPECT_TRUE(bars.accessibleDescription().contains("rank 4"));
}

TEST(HeatMap, SelectsByKeyAndSurvivesNothing) {
    Hub hub;
    HeatMap map(&hub.theme, &hub.selection);
    map.resize(400, 200);
    EXPECT_FALSE(map.grab().isNull());
    QTest::keyClick(&map, Qt::Key_Down);
    EXPECT_EQ(hub.selection.current(), kNoLayer);
    map.setData({{hub.selection.idOf("model.0.conv"), hub.selection.idOf("model.1.conv")},
                 {"model.0.conv", "model.1.conv"},
                 {1, 2},
                 {0.1, kNan, 0.3, 0.2}});
    QTest::keyClick(&map, Qt::Key_Down);
    QTest::keyClick(&map, Qt::Key_Down);
    EXPECT_EQ(hub.selection.nameOf(hub.selection.current()), "model.1.conv");
    EXPECT_DOUBLE_EQ(map.top(), 0.3);
    EXPECT_FALSE(map.grab().isNull());
}

}  // namespace
}  // namespace qat::ui
