// Two heads trained together: their losses one by one, added by hand.
#include "loss/end_to_end_loss.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "loss/loss_reference.h"
#include "loss/loss_scene.h"

namespace qat::test {
namespace {

const EndToEndLoss::Maps kMaps{{"head.0", "head.1", "head.2"}, {"other.head.0", "other.head.1", "other.head.2"}};

struct TwoHeads {
    Scene one, many;  // with the same labels
    std::vector<at::Tensor> leaves() const {
        std::vector<at::Tensor> all = test::leaves(one.maps);
        for (at::Tensor& map : test::leaves(many.maps)) all.push_back(std::move(map));
        return all;
    }
};

TwoHeads twoHeads(uint64_t seed, int64_t bins) {
    const MapShape shape{3, 160, 96, 5, 30};
    TwoHeads heads{randomScene(seed, shape, 1.5, bins), randomScene(seed + 1, shape, 1.5, bins)};
    heads.many.targets = heads.one.targets;
    return heads;
}

// What one head adds, by the slow loss with autograd.
DetectionLoss slow(const std::vector<at::Tensor>& maps, size_t first, const at::Tensor& targets,
                   DetectionLossOptions options, int topk, int topk2, bool enlargesSmall) {
    options.topk = topk, options.topk2 = topk2, options.enlargesSmall = enlargesSmall;
    return referenceLoss(
        {maps.begin() + static_cast<std::ptrdiff_t>(first), maps.begin() + static_cast<std::ptrdiff_t>(first + 3)},
        targets, options);
}

void expectSame(const LossValue& ours, const DetectionLoss& one, const at::Tensor& total,
                const std::vector<at::Tensor>& maps, const std::vector<at::Tensor>& theirs) {
    ASSERT_EQ(ours.terms.size(), 3u);
    EXPECT_NEAR(ours.terms[0].value, one.box, 1e-5 * one.box);
    EXPECT_NEAR(ours.terms[1].value, one.cls, 1e-5 * one.cls);
    EXPECT_NEAR(ours.terms[2].value, one.dfl, 1e-5 * one.dfl);
    const double wanted = total.item<double>();
    EXPECT_NEAR(ours.total.item<double>(), wanted, 1e-5 * wanted);
    EXPECT_NEAR((sumOf(ours.terms) + ours.rest) * 3, wanted, 1e-5 * wanted) << "of a batch of 3";
    ours.total.backward();
    total.backward();
    for (size_t i = 0; i < maps.size(); ++i)
        EXPECT_LT((maps[i].grad() - theirs[i].grad()).norm().item<double>(),
                  1e-5 * theirs[i].grad().norm().item<double>())
            << "map " << i;
}

TEST(EndToEndLoss, EqualIsTheSumOfTopTenAndTopOne) {
    for (const int64_t bins : {int64_t{16}, int64_t{1}}) {
        const TwoHeads heads = twoHeads(1, bins);
        const auto ours = heads.leaves(), theirs = heads.leaves();
        EndToEndLoss loss(kMaps, heads.one.options, HeadBalance::Equal);
        loss.beginEpoch(3, 5);  // changes nothing
        const DetectionLoss one = slow(theirs, 0, heads.one.targets, heads.one.options, 1, 0, false);
        const DetectionLoss many = slow(theirs, 3, heads.one.targets, heads.one.options, 10, 0, false);
        expectSame(loss.of(ours, heads.one.targets), one, one.total + many.total, ours, theirs);
    }
}

TEST(EndToEndLoss, DecayingMovesTheWeightFromTheOneToTheOther) {
    for (const int64_t bins : {int64_t{16}, int64_t{1}})
        for (const auto& [epoch, share] : {std::pair{0, 0.8}, {1, 0.625}, {2, 0.45}, {4, 0.1}, {9, 0.1}}) {
            const TwoHeads heads = twoHeads(10, bins);
            const auto ours = heads.leaves(), theirs = heads.leaves();
            EndToEndLoss loss(kMaps, heads.one.options, HeadBalance::Decaying);
            loss.beginEpoch(epoch, 5);
            const DetectionLoss one = slow(theirs, 0, heads.one.targets, heads.one.options, 7, 1, true);
            const DetectionLoss many = slow(theirs, 3, heads.one.targets, heads.one.options, 10, 0, true);
            expectSame(loss.of(ours, heads.one.targets), one, (1 - share) * one.total + share * many.total, ours,
                       theirs);
        }
}

TEST(EndToEndLoss, SharesOfShortTrainingsAndWithoutOne) {
    EXPECT_DOUBLE_EQ(decayingShare(0, 1), 0.8);
    EXPECT_DOUBLE_EQ(decayingShare(1, 1), 0.1);
    EXPECT_DOUBLE_EQ(decayingShare(1, 2), 0.1);
    const TwoHeads heads = twoHeads(20, 1);
    EndToEndLoss untold(kMaps, heads.one.options, HeadBalance::Decaying), told = untold;
    told.beginEpoch(4, 5);
    EXPECT_EQ(untold.of(heads.leaves(), heads.one.targets).total.item<float>(),
              told.of(heads.leaves(), heads.one.targets).total.item<float>());
}

TEST(EndToEndLoss, ReadsTheMapsOfBothAndSaysHow) {
    const EndToEndLoss equal(kMaps, {}, HeadBalance::Equal), decaying(kMaps, {}, HeadBalance::Decaying);
    const std::vector<std::string> names{"head.0", "head.1", "head.2", "other.head.0", "other.head.1", "other.head.2"};
    EXPECT_EQ(equal.outputs(), names);
    EXPECT_NE(equal.settings().back().find("labels claim 1 anchor of it and 10"), std::string::npos);
    EXPECT_NE(decaying.settings().back().find("from 0.8 down to 0.1"), std::string::npos);
}

// What no term shows is not hidden from whoever watches the sum.
TEST(EndToEndLoss, NotANumberOfTheOtherHeadIsInTheRest) {
    TwoHeads heads = twoHeads(30, 1);
    heads.many.maps[0].fill_(NAN);
    EndToEndLoss loss(kMaps, heads.one.options, HeadBalance::Equal);
    const LossValue value = loss.of(heads.leaves(), heads.one.targets);
    EXPECT_TRUE(std::isfinite(sumOf(value.terms)));
    EXPECT_TRUE(std::isnan(value.rest));
}

}  // namespace
}  // namespace qat::test
