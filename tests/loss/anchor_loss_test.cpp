// The anchor loss and its gradient against the same as whole tensors with autograd, written from YOLOv5's definitions.
#include "loss/anchor_loss.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "loss/anchor_matches.h"
#include "loss/loss_reference.h"
#include "loss/loss_scene.h"

namespace qat::test {
namespace {

using at::indexing::Slice;

const std::vector<float> kCocoAnchors{10, 13, 16, 30, 33, 23, 30, 61, 62, 45, 59, 119, 116, 90, 156, 198, 373, 326};

struct AnchorScene {
    std::vector<at::Tensor> maps;
    at::Tensor targets;
    AnchorLossOptions options;
};

AnchorScene anchorScene(uint64_t seed, const MapShape& shape, double spread = 1.5) {
    Random random(seed);
    AnchorScene scene;
    scene.options.numClasses = shape.classes;
    scene.options.anchors = kCocoAnchors;
    for (const int64_t stride : scene.options.strides)
        scene.maps.push_back(randomTensor(
            random, {shape.batch, 3 * (5 + shape.classes), shape.height / stride, shape.width / stride}, spread));
    scene.targets = randomTargets(random, shape);
    return scene;
}

struct Built {
    at::Tensor image, classes, anchor, row, column;  // of every match
    at::Tensor box, shape;                           // x, y, w, h of the label from its cell; the anchor's size
};

// Matches as rows of tensors. Places are float, as ties are decided by their rounding.
Built build(const at::Tensor& targets, const at::Tensor& anchors, int64_t height, int64_t width) {
    const int64_t count = anchors.size(0), labels = targets.size(0);
    const at::Tensor index = at::arange(count, at::kFloat).view({count, 1, 1}).expand({count, labels, 1});
    at::Tensor t = at::cat({targets.unsqueeze(0).expand({count, labels, 6}), index}, 2).clone();
    const auto w = static_cast<float>(width), h = static_cast<float>(height);
    t.narrow(2, 2, 4).mul_(at::tensor({w, h, w, h}));
    const at::Tensor ratio = t.narrow(2, 4, 2) / anchors.unsqueeze(1);
    t = t.index({at::maximum(ratio, 1 / ratio).amax(2) < 4});
    const at::Tensor centre = t.narrow(1, 2, 2), inverse = at::tensor({w, h}) - centre;
    const at::Tensor low = (centre.remainder(1) < 0.5).logical_and(centre > 1);
    const at::Tensor high = (inverse.remainder(1) < 0.5).logical_and(inverse > 1);
    const at::Tensor taken = at::stack(
        {at::ones({t.size(0)}, at::kBool), low.select(1, 0), low.select(1, 1), high.select(1, 0), high.select(1, 1)});
    const at::Tensor shift = at::tensor({0.f, 0.f, 0.5f, 0.f, 0.f, 0.5f, -0.5f, 0.f, 0.f, -0.5f}).view({5, 1, 2});
    const at::Tensor all = t.unsqueeze(0).expand({5, t.size(0), 7}).index({taken});
    const at::Tensor by = shift.expand({5, t.size(0), 2}).index({taken});
    const at::Tensor cell = (all.narrow(1, 2, 2) - by).to(at::kLong);
    const at::Tensor column = cell.select(1, 0).clamp(0, width - 1), row = cell.select(1, 1).clamp(0, height - 1);
    const at::Tensor anchor = all.select(1, 6).to(at::kLong);
    const at::Tensor place = all.narrow(1, 2, 2) - at::stack({column, row}, 1).to(at::kFloat);
    return {all.select(1, 0).to(at::kLong),
            all.select(1, 1).to(at::kLong),
            anchor,
            row,
            column,
            at::cat({place, all.narrow(1, 4, 2)}, 1).to(at::kDouble),
            anchors.index_select(0, anchor).to(at::kDouble)};
}

at::Tensor cornersOf(const at::Tensor& box) {
    const at::Tensor half = box.narrow(1, 2, 2) / 2;
    return at::cat({box.narrow(1, 0, 2) - half, box.narrow(1, 0, 2) + half}, 1);
}

AnchorLossValue slowLoss(const std::vector<at::Tensor>& maps, const at::Tensor& targets,
                         const AnchorLossOptions& options) {
    const int64_t images = maps[0].size(0), classes = options.numClasses;
    const auto levels = static_cast<int64_t>(maps.size());
    const int64_t anchors = static_cast<int64_t>(options.anchors.size()) / 2 / levels;
    const std::vector<double> balance =
        levels == 3 ? std::vector{4.0, 1.0, 0.4} : std::vector{4.0, 1.0, 0.25, 0.06, 0.02};
    at::Tensor box = at::zeros({}, at::kDouble), obj = box, cls = box;
    for (int64_t level = 0; level < levels; ++level) {
        const auto i = static_cast<size_t>(level);
        const int64_t h = maps[i].size(2), w = maps[i].size(3);
        const at::Tensor p =
            maps[i].to(at::kDouble).view({images, anchors, 5 + classes, h, w}).permute({0, 1, 3, 4, 2});
        const at::Tensor shapes =
            at::tensor(options.anchors).view({levels, anchors, 2})[level] / static_cast<double>(options.strides[i]);
        const Built m = build(targets, shapes, h, w);
        at::Tensor target = at::zeros({images, anchors, h, w}, at::kDouble);
        const int64_t n = m.image.size(0);
        if (n > 0) {
            const at::Tensor rows = p.index({m.image, m.anchor, m.row, m.column});
            const at::Tensor xy = rows.narrow(1, 0, 2).sigmoid() * 2 - 0.5;
            const at::Tensor wh = (rows.narrow(1, 2, 2).sigmoid() * 2).pow(2) * m.shape;
            const at::Tensor iou = referenceIou(cornersOf(at::cat({xy, wh}, 1)), cornersOf(m.box));
            box = box + (1 - iou).mean();
            for (int64_t k = 0; k < n; ++k)  // in turn: the last one stays
                target.index_put_({m.image[k], m.anchor[k], m.row[k], m.column[k]}, iou[k].detach().clamp_min(0));
            at::Tensor entropy = at::binary_cross_entropy_with_logits(
                rows.narrow(1, 5, classes), at::one_hot(m.classes, classes).to(at::kDouble), {}, {}, 0);
            if (!options.classWeights.empty()) entropy = entropy * at::tensor(options.classWeights).to(at::kDouble);
            if (classes > 1) cls = cls + entropy.mean();
        }
        obj = obj + at::binary_cross_entropy_with_logits(p.select(4, 4), target) * balance[i];
    }
    const double share = 3.0 / static_cast<double>(levels);
    const auto side = static_cast<double>(options.strides[0]);
    const double area = static_cast<double>(maps[0].size(2) * maps[0].size(3)) * side * side / (640.0 * 640.0);
    box = box * options.boxGain * share;
    obj = obj * options.objGain * share * area;
    cls = cls * options.clsGain * share * static_cast<double>(classes) / 80;
    return {(box + obj + cls) * images, box.item<double>(), obj.item<double>(), cls.item<double>()};
}

void expectSameAsSlow(const AnchorScene& scene) {
    const auto ours = leaves(scene.maps), theirs = leaves(scene.maps);
    const AnchorLossValue fast = anchorLoss(ours, scene.targets, scene.options);
    const AnchorLossValue slow = slowLoss(theirs, scene.targets, scene.options);
    EXPECT_NEAR(fast.box, slow.box, 1e-5 * slow.box);
    EXPECT_NEAR(fast.obj, slow.obj, 1e-5 * slow.obj);
    EXPECT_NEAR(fast.cls, slow.cls, 1e-5 * slow.cls);
    EXPECT_NEAR(fast.total.item<double>(), slow.total.item<double>(), 1e-5 * slow.total.item<double>());
    fast.total.backward();
    slow.total.backward();
    for (size_t level = 0; level < ours.size(); ++level) {
        const at::Tensor g = ours[level].grad(), wanted = theirs[level].grad();
        const double largest = wanted.abs().max().item<double>();
        EXPECT_GT(largest, 0);
        EXPECT_LT((g - wanted).norm().item<double>(), 1e-5 * wanted.norm().item<double>()) << "level " << level;
        EXPECT_TRUE(((g - wanted).abs() <= 1e-4 * wanted.abs() + 4e-6 * largest).all().item<bool>()) << level;
    }
}

TEST(AnchorLoss, MatchesTheSlowLossOnRandomScenes) {
    uint64_t seed = 1;
    for (const MapShape& shape : {MapShape{2, 64, 64, 80, 7}, MapShape{1, 32, 32, 1, 3}, MapShape{3, 160, 96, 3, 40},
                                  MapShape{4, 320, 192, 20, 90}, MapShape{2, 640, 640, 6, 60}})
        for (const double spread : {0.3, 1.5, 4.0}) {
            SCOPED_TRACE(testing::Message() << shape.height << " x " << shape.width << ", classes " << shape.classes
                                            << ", spread " << spread);
            expectSameAsSlow(anchorScene(seed++, shape, spread));
        }
}

TEST(AnchorLoss, MatchesWithOtherGainsAndWeightsOfClasses) {
    AnchorScene scene = anchorScene(30, {3, 160, 160, 5, 40});
    scene.options.boxGain = 0.3, scene.options.objGain = 0.2, scene.options.clsGain = 3;
    scene.options.classWeights = {0.25f, 3.0f, 1.0f, 0.0f, 0.75f};
    expectSameAsSlow(scene);
}

TEST(AnchorLoss, MatchesWithAnotherNumberOfMapsAndAnchors) {
    Random random(31);
    for (const int64_t levels : {2, 4}) {
        AnchorScene scene;
        scene.options = {.numClasses = 4, .strides = {}};
        for (int64_t level = 0; level < levels; ++level) {
            const int64_t stride = int64_t{8} << level;
            scene.options.strides.push_back(stride);
            for (const float size : {1.5f, 2.0f, 4.0f, 3.0f}) scene.options.anchors.push_back(size * stride);
            scene.maps.push_back(randomTensor(random, {2, 2 * 9, 128 / stride, 192 / stride}, 1.0));
        }
        scene.targets = randomTargets(random, {2, 128, 192, 4, 40});
        expectSameAsSlow(scene);
    }
}

// Labels on one spot, at edges and corners, on borders between cells, and beside the picture.
TEST(AnchorLoss, MatchesWhereLabelsMeetAndAtTheEdges) {
    AnchorScene scene = anchorScene(40, {2, 128, 128, 3, 0});
    std::vector<float> rows;
    for (const float x : {0.0f, 0.5f, 1.0f, 0.25f, 0.28125f, 1.2f, -0.3f})
        for (const float y : {0.0f, 0.5f, 0.99f})
            for (const float size : {0.1f, 0.3f})
                rows.insert(rows.end(), {0, rows.size() % 4 ? 1.f : 2.f, x, y, size, size});
    scene.targets = at::tensor(rows).view({-1, 6});
    expectSameAsSlow(scene);
}

// Half a cell from the left border of cell (2, 1), in its upper half: the cell, the one at its left, the one above.
TEST(AnchorLoss, TakesTheNearerNeighbours) {
    const std::vector<Label> labels{{0, 2.3f / 8, 1.4f / 8, 2.0f / 8, 2.0f / 8}};
    const std::vector<AnchorShape> anchors{{2, 2}, {0.5f, 2}, {8.1f, 2}, {7.9f, 7.9f}};
    std::vector<std::array<int64_t, 3>> found;
    for (const AnchorMatch& match : matchAnchors(labels, anchors, 8, 8))
        found.push_back({match.column, match.row, static_cast<int64_t>(match.anchor)});
    const std::vector<std::array<int64_t, 3>> expected{{2, 1, 0}, {2, 1, 3}, {1, 1, 0},
                                                       {1, 1, 3}, {2, 0, 0}, {2, 0, 3}};
    EXPECT_EQ(found, expected);  // 0.5 is a quarter of 2, 8.1 more than four times
}

TEST(AnchorLoss, WithoutLabelsOnlyObjectnessIsLeft) {
    const AnchorScene scene = anchorScene(50, {2, 64, 64, 3, 0});
    const auto maps = leaves(scene.maps);
    const AnchorLossValue loss = anchorLoss(maps, at::empty({0, 6}), scene.options);
    EXPECT_EQ(loss.box, 0);
    EXPECT_EQ(loss.cls, 0);
    EXPECT_GT(loss.obj, 0);
    loss.total.backward();
    EXPECT_GT(maps[0].grad().narrow(1, 4, 1).min().item<float>(), 0);
    EXPECT_EQ(maps[0].grad().narrow(1, 0, 4).abs().sum().item<float>(), 0);
    EXPECT_EQ(maps[0].grad().narrow(1, 5, 3).abs().sum().item<float>(), 0);
}

TEST(AnchorLoss, DoesNotDependOnMemoryLayoutOrThreads) {
    const AnchorScene scene = anchorScene(60, {5, 320, 320, 20, 90});
    const int threads = at::get_num_threads();
    std::vector<std::vector<at::Tensor>> runs;
    std::vector<float> totals;
    for (const int count : {1, 2, 3}) {
        at::set_num_threads(count);
        runs.push_back(leaves(scene.maps));
        if (count == 2)
            for (at::Tensor& map : runs.back())
                map = map.detach().contiguous(at::MemoryFormat::Contiguous).requires_grad_();
        const AnchorLossValue loss = anchorLoss(runs.back(), scene.targets, scene.options);
        loss.total.backward();
        totals.push_back(loss.total.item<float>());
    }
    at::set_num_threads(threads);
    for (size_t run = 1; run < runs.size(); ++run) {
        EXPECT_EQ(totals[run], totals[0]);
        for (size_t level = 0; level < 3; ++level) EXPECT_TRUE(runs[run][level].grad().equal(runs[0][level].grad()));
    }
}

TEST(AnchorLoss, NotANumberIsNotHidden) {
    for (const int64_t channel : {0, 3, 4, 6}) {
        AnchorScene scene = anchorScene(70, {1, 64, 64, 3, 0});
        scene.targets = at::tensor({0.f, 1.f, 0.5f, 0.5f, 0.3f, 0.3f}).view({1, 6});
        scene.maps[0].select(1, channel).fill_(NAN);
        EXPECT_TRUE(std::isnan(anchorLoss(scene.maps, scene.targets, scene.options).total.item<float>())) << channel;
    }
}

TEST(AnchorLoss, RefusesLabelsThatCannotBeAndMapsThatDoNotFit) {
    const AnchorScene scene = anchorScene(80, {1, 64, 64, 3, 0});
    EXPECT_THROW(anchorLoss(scene.maps, at::tensor({0.f, 3.f, 0.5f, 0.5f, 0.2f, 0.2f}).view({1, 6}), scene.options),
                 Error);
    AnchorLossOptions other = scene.options;
    other.anchors.pop_back(), other.anchors.pop_back();
    EXPECT_THROW(anchorLoss(scene.maps, {}, other), Error);
    other = scene.options;
    other.numClasses = 4;
    EXPECT_THROW(anchorLoss(scene.maps, {}, other), Error);
}

TEST(AnchorLoss, NamesItsTermsAndGains) {
    const AnchorScene scene = anchorScene(90, {1, 64, 64, 3, 4});
    const AnchorLoss loss({"head.0", "head.1", "head.2"}, scene.options);
    const LossValue value = loss.of(scene.maps, scene.targets);
    ASSERT_EQ(value.terms.size(), 3u);
    EXPECT_EQ(value.terms[0].name + value.terms[1].name + value.terms[2].name, "boxobjcls");
    EXPECT_NEAR(value.total.item<double>(), sumOf(value.terms) * 1, 1e-5);
    EXPECT_EQ(loss.settings().at(0).substr(0, 42), "loss gains: box 0.05, obj 1, cls 0.5, as Y");
}

}  // namespace
}  // namespace qat::test
