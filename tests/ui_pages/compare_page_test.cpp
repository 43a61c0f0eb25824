// The Compare page over made-up runs: fates of objects, lists, pictures.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <QSignalSpy>
#include <QTest>
#include <set>

#include "compare/compare_models.h"
#include "compare/compare_page.h"
#include "compare/threshold_panel.h"
#include "compare/threshold_slider.h"
#include "ui_pages/event_loop.h"
#include "ui_pages/scene.h"

namespace qat::ui {
namespace {

using test::waitUntil;

std::shared_ptr<const std::vector<RunImage>> imagesOf(const RunData& data) {
    auto images = std::make_shared<std::vector<RunImage>>();
    for (const ImageEvent& image : data.images) images->push_back(runImage(image));
    return images;
}

RunBox box(double x, double y, double side, double score, int classIndex) {
    return {QRectF(x, y, side, side), score, classIndex, QString::number(classIndex)};
}

TEST(Comparison, NamesEveryFate) {
    RunImage image;
    image.labels = {box(0, 0, 10, 1, 0), box(50, 0, 10, 1, 0), box(100, 0, 10, 1, 0), box(150, 0, 10, 1, 0)};
    image.fp32 = {box(0, 0, 10, 0.9, 0), box(50, 0, 10, 0.8, 0), box(150, 0, 10, 0.7, 0), box(300, 0, 10, 0.2, 0)};
    image.quantized = {box(0, 0, 10, 0.6, 0), box(150, 0, 10, 0.7, 1), box(200, 0, 10, 0.5, 0)};
    const ImageComparison result = compareImage(image, {0.25, 0.25});
    EXPECT_EQ(result.count(Transition::Kept), 1);
    EXPECT_EQ(result.count(Transition::Lost), 1);
    EXPECT_EQ(result.count(Transition::ClassFlip), 1);
    EXPECT_EQ(result.count(Transition::MissedByBoth), 1);
    EXPECT_EQ(result.count(Transition::NewFalseAlarm), 1);
    EXPECT_EQ(result.fp32Boxes, 3) << "below the threshold does not count";
    EXPECT_EQ(result.objects.front().transition, Transition::Lost) << "worst first";
    EXPECT_EQ(result.objects.front().fp32, 1) << "indices point into the image's own lists";
}

TEST(Comparison, ThresholdsOfTheSidesAreIndependent) {
    RunImage image;
    image.fp32 = {box(0, 0, 10, 0.5, 0)};
    image.quantized = {box(0, 0, 10, 0.2, 0)};
    EXPECT_EQ(compareImage(image, {0.25, 0.25}).count(Transition::Lost), 1);
    EXPECT_EQ(compareImage(image, {0.25, 0.15}).count(Transition::Kept), 1);
}

TEST(Comparison, NothingIsCountedTwiceOrForgotten) {
    Scene scene;
    scene.load({.images = 24});
    const auto images = imagesOf(scene.store.data());
    const RunComparison run = compareRun(images, {0.3, 0.2});
    int64_t labels = 0, all = 0;
    for (const RunImage& image : *images) labels += image.labels.size();
    for (const Transition t :
         {Transition::Kept, Transition::Lost, Transition::Gained, Transition::ClassFlip, Transition::MissedByBoth})
        all += run.count(t);
    EXPECT_EQ(all, labels);
    EXPECT_GT(run.recall(false), run.recall(true));
    for (size_t i = 0; i < images->size(); ++i) {
        std::set<int> fp32, quantized;
        for (const ObjectRow& row : run.results[i].objects) {
            if (row.fp32 >= 0) {
                EXPECT_TRUE(fp32.insert(row.fp32).second);
            }
            if (row.quantized >= 0) {
                EXPECT_TRUE(quantized.insert(row.quantized).second);
            }
        }
        EXPECT_EQ(fp32.size(), static_cast<size_t>(run.results[i].fp32Boxes));
        EXPECT_EQ(quantized.size(), static_cast<size_t>(run.results[i].quantizedBoxes));
    }
}

TEST(Compare, ModelsAreSound) {
    Scene scene;
    scene.load({.images = 12});
    const auto images = imagesOf(scene.store.data());
    const auto comparison = std::make_shared<const RunComparison>(compareRun(images, {}));
    FacetModel facets;
    DamageModel damage;
    DamageFilter filter;
    filter.setSourceModel(&damage);
    ObjectModel objects;
    Tester a(&facets, kFatal), b(&damage, kFatal), c(&filter, kFatal), d(&objects, kFatal);
    facets.setComparison(comparison);
    damage.setComparison(comparison);
    filter.sort(DamageModel::Lost, Qt::DescendingOrder);
    objects.setObjects((*images)[0], comparison->results[0].objects);
    EXPECT_EQ(facets.rowCount(), 8);
    EXPECT_EQ(filter.rowCount(), 12);
    for (int row = 1; row < 12; ++row)
        EXPECT_GE(filter.index(row - 1, DamageModel::Lost).data(SortRole).toInt(),
                  filter.index(row, DamageModel::Lost).data(SortRole).toInt());
    filter.setWanted({Transition::Lost}, comparison);
    EXPECT_EQ(filter.rowCount(), std::count_if(comparison->results.begin(), comparison->results.end(),
                                               [](const ImageComparison& i) { return i.count(Transition::Lost) > 0; }));
    facets.setComparison(std::make_shared<const RunComparison>(compareRun(images, {0.5, 0.5})));
}

TEST(Compare, PageFindsTheWorstImageAndFollowsTheHub) {
    Scene scene;
    scene.load({.images = 12});
    ComparePage page(&scene.theme, &scene.selection, &scene.store);
    page.resize(1400, 900);
    page.show();
    ASSERT_TRUE(waitUntil([&] { return page.comparison() != nullptr; }));
    EXPECT_EQ(page.currentImage(), page.images()->index(0, 0).data(DamageModel::PathRole).toString());
    const QString other = page.images()->index(5, 0).data(DamageModel::PathRole).toString();
    scene.selection.selectImages({other}, other, nullptr);
    EXPECT_EQ(page.currentImage(), other);
    QTest::keyClick(&page, Qt::Key_J);
    EXPECT_EQ(scene.selection.currentImage(), page.images()->index(6, 0).data(DamageModel::PathRole).toString());
    EXPECT_FALSE(page.grab().isNull());
}

TEST(Compare, ThresholdsStartWhereF1IsBestAndStayWhereSomebodyMovesThem) {
    Scene scene;
    ThresholdPanel panel(&scene.theme);
    EXPECT_EQ(panel.thresholds().fp32, 0.25);
    panel.recommend({0.4, 0.3});
    EXPECT_EQ(panel.thresholds().fp32, 0.4);
    EXPECT_EQ(panel.thresholds().quantized, 0.3);
    panel.findChildren<ThresholdSlider*>().front()->setValue(60);
    panel.recommend({0.5, 0.2});
    EXPECT_EQ(panel.thresholds().fp32, 0.6) << "as it was moved";
    EXPECT_EQ(panel.thresholds().quantized, 0.3) << "no longer moved together";
    panel.startAnew();
    EXPECT_EQ(panel.thresholds().quantized, 0.25);
    panel.recommend({std::nullopt, 0.1});
    EXPECT_EQ(panel.thresholds().fp32, 0.25);
    EXPECT_EQ(panel.thresholds().quantized, 0.1);
}

TEST(ViewTransform, ZoomKeepsThePointUnderThePointer) {
    ViewTransform transform;
    const QSizeF view(400, 300), image(800, 600);
    const QPointF at(100, 200), before = transform.transform(view, image).inverted().map(at);
    transform.zoomBy(3, {0.25, 200.0 / 300}, view, image);
    const QPointF after = transform.transform(view, image).inverted().map(at);
    EXPECT_NEAR(before.x(), after.x(), 1e-9);
    EXPECT_NEAR(before.y(), after.y(), 1e-9);
    transform.actualSize(view, image);
    EXPECT_DOUBLE_EQ(transform.transform(view, image).m11(), 1);
    transform.fit();
    EXPECT_EQ(transform.transform(view, image).mapRect(QRectF({}, image)), QRectF({}, view));
}

TEST(ImageCache, FallsBackToThePreviewAndSaysWhatIsWrong) {
    test::ScratchFolder scratch;
    const QString folder = QString::fromStdString(scratch.path().string());
    QImage(8, 4, QImage::Format_RGB32).save(folder + "/p.png");
    ASSERT_EQ(::mkfifo((scratch.path() / "pipe").c_str(), 0600), 0);
    ImageCache cache;
    QSignalSpy ready(&cache, &ImageCache::ready);
    EXPECT_EQ(cache.find(folder + "/gone.jpg", folder + "/p.png"), nullptr);
    EXPECT_EQ(cache.find(folder + "/bad.jpg", {}), nullptr);
    EXPECT_EQ(cache.find(folder + "/pipe", {}), nullptr);
    ASSERT_TRUE(waitUntil([&] { return ready.count() == 3; })) << "a pipe keeps nobody waiting";
    EXPECT_TRUE(cache.find(folder + "/pipe", {})->trouble.contains("it is not a regular file"));
    const ImageCache::Entry* preview = cache.find(folder + "/gone.jpg", {});
    ASSERT_TRUE(preview);
    EXPECT_TRUE(preview->isPreview);
    EXPECT_EQ(preview->image.size(), QSize(8, 4));
    EXPECT_TRUE(cache.find(folder + "/bad.jpg", {})->trouble.contains("bad.jpg"));
}

}  // namespace
}  // namespace qat::ui
