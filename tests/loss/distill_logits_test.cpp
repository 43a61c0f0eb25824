// The divergence of head outputs against the formula in double precision, and its gradient against differences of it.
#include "loss/distill_logits.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/tensors.h"

namespace qat {
namespace {

using test::randomTensor;
using Maps = std::vector<at::Tensor>;

LogitDistillationOptions smallHead(double temperature, int64_t classes = 5, int64_t bins = 4) {
    return {.numClasses = classes, .regMax = bins, .temperature = temperature, .clsGain = 0.5, .dflGain = 1.5};
}

Maps randomMaps(uint64_t seed, const LogitDistillationOptions& options, int64_t images = 2) {
    Maps maps;
    for (const int64_t side : {6, 3})
        maps.push_back(randomTensor({images, 4 * options.regMax + options.numClasses, side, side}, seed++, -4, 3));
    return maps;
}

// [anchors, channels] of all maps.
at::Tensor rowsOf(const Maps& maps) {
    Maps rows;
    for (const at::Tensor& map : maps)
        rows.push_back(map.permute({0, 2, 3, 1}).reshape({-1, map.size(1)}).to(at::kDouble));
    return at::cat(rows);
}

// The formula of the header, in double precision.
at::Tensor reference(const Maps& student, const Maps& teacher, const LogitDistillationOptions& o) {
    const double t = o.temperature;
    const at::Tensor s = rowsOf(student), u = rowsOf(teacher);
    const at::Tensor weight = std::get<0>(u.slice(1, 4 * o.regMax).sigmoid().max(1));
    const at::Tensor scale = t * t / weight.sum().clamp_min(1.0);
    const at::Tensor ps = (s.slice(1, 4 * o.regMax) / t).sigmoid(), pt = (u.slice(1, 4 * o.regMax) / t).sigmoid();
    const at::Tensor cls = (pt * (pt / ps).log() + (1 - pt) * ((1 - pt) / (1 - ps)).log()).sum(1);
    const auto sides = [&](const at::Tensor& x) {
        return (x.slice(1, 0, 4 * o.regMax).reshape({-1, 4, o.regMax}) / t).log_softmax(2);
    };
    const at::Tensor ls = sides(s), lt = sides(u);
    at::Tensor box = (lt.exp() * (lt - ls)).sum(2).mean(1);
    if (o.regMax == 1) {  // a map of 6 x 6 cells and one of 3 x 3, of as many images
        const int64_t images = student.front().size(0);
        const at::Tensor across = at::tensor({6.0, 3.0}, at::kDouble).repeat_interleave(images * at::tensor({36, 9}));
        box = (s - u).slice(1, 0, 4).abs().mean(1) / across / (t * t);
    }
    return (weight * (o.clsGain * cls + o.dflGain * box)).sum() * scale * student.front().size(0);
}

TEST(DistillLogits, IsZeroWhereStudentAndTeacherAgree) {
    for (const double temperature : {1.0, 4.0}) {
        const auto options = smallHead(temperature);
        Maps student = randomMaps(1, options);
        for (at::Tensor& map : student) map.requires_grad_(true);
        const LogitDistillation loss = distillLogits(student, randomMaps(1, options), options);
        EXPECT_EQ(loss.cls, 0);
        EXPECT_EQ(loss.box, 0);
        loss.total.backward();
        for (const at::Tensor& map : student) EXPECT_EQ(map.grad().abs().max().item<float>(), 0);
    }
}

TEST(DistillLogits, FollowsTheFormula) {
    for (const double temperature : {1.0, 2.5, 10.0})
        for (const auto& [classes, bins] : {std::pair{1, 4}, {5, 4}, {16, 4}, {37, 4}, {5, 1}, {37, 1}}) {
            const auto options = smallHead(temperature, classes, bins);
            const Maps student = randomMaps(3, options), teacher = randomMaps(8, options);
            const double expected = reference(student, teacher, options).item<double>();
            const LogitDistillation loss = distillLogits(student, teacher, options);
            EXPECT_NEAR(loss.total.item<float>(), expected, 2e-5 * expected) << temperature << " " << classes;
            EXPECT_NEAR((loss.cls + loss.box) * 2, expected, 2e-5 * expected);
            EXPECT_GT(loss.cls, 0);
            EXPECT_GT(loss.box, 0);
        }
}

// Central differences of the formula in double precision, one logit at a time.
void expectSlopes(const LogitDistillationOptions& options) {
    Maps student = randomMaps(5, options);
    const Maps teacher = randomMaps(6, options);
    for (at::Tensor& map : student) map.requires_grad_(true);
    (distillLogits(student, teacher, options).total * 0.25).backward();
    const at::NoGradGuard noGrad;
    Random random(1);
    for (size_t level = 0; level < student.size(); ++level)
        for (int k = 0; k < 60; ++k) {
            const int64_t i = random.below(student[level].numel());
            const auto at = [&](double shift) {
                Maps moved{student[0].to(at::kDouble), student[1].to(at::kDouble)};
                moved[level] = moved[level].clone(at::MemoryFormat::Contiguous);
                moved[level].data_ptr<double>()[i] += shift;
                return reference(moved, teacher, options).item<double>();
            };
            const double slope = 0.25 * (at(1e-4) - at(-1e-4)) / 2e-4;
            const float gradient = student[level].grad().contiguous().data_ptr<float>()[i];
            EXPECT_NEAR(gradient, slope, 1e-6 + 1e-4 * std::abs(slope)) << level << " " << i;
        }
}

TEST(DistillLogits, GradientIsTheSlopeOfTheFormula) {
    expectSlopes(smallHead(3.0));
    expectSlopes(smallHead(3.0, 5, 1));
}

// Where the teacher sees nothing, nothing is to be learned.
TEST(DistillLogits, WeighsAnchorsByTheTeachersScore) {
    const auto options = smallHead(2.0);
    Maps student = randomMaps(5, options), teacher = randomMaps(6, options);
    for (at::Tensor& map : teacher) map.slice(1, 16).fill_(-60);
    for (at::Tensor& map : student) map.slice(1, 16).fill_(-60);
    EXPECT_LT(distillLogits(student, teacher, options).box, 1e-15);
    teacher[0].slice(1, 16).fill_(2);
    EXPECT_GT(distillLogits(student, teacher, options).box, 0.01);
}

TEST(DistillLogits, DoesNotDependOnThreadsOrMemoryOrder) {
    const auto options = smallHead(4.0, 20);
    const auto run = [&](int threads, bool channelsLast) {
        at::set_num_threads(threads);
        Maps student, teacher;
        for (uint64_t i = 0; i < 2; ++i) {
            student.push_back(randomTensor({3, 36, 40, 24}, 1 + i));
            teacher.push_back(randomTensor({3, 36, 40, 24}, 7 + i));
            if (channelsLast) student[i] = student[i].contiguous(at::MemoryFormat::ChannelsLast);
            student[i].requires_grad_(true);
        }
        const LogitDistillation loss = distillLogits(student, teacher, options);
        loss.total.backward();
        return std::tuple(loss.cls, loss.box, student[0].grad().contiguous());
    };
    const auto one = run(1, true), two = run(2, true), plain = run(2, false);
    for (const auto& other : {two, plain}) {
        EXPECT_EQ(std::get<0>(one), std::get<0>(other));
        EXPECT_EQ(std::get<1>(one), std::get<1>(other));
        EXPECT_TRUE(at::equal(std::get<2>(one), std::get<2>(other)));
    }
}

TEST(DistillLogits, KeepsNotANumber) {
    const auto options = smallHead(4.0);
    Maps student = randomMaps(5, options);
    student[1].data_ptr<float>()[3] = std::numeric_limits<float>::quiet_NaN();
    const LogitDistillation loss = distillLogits(student, randomMaps(6, options), options);
    EXPECT_TRUE(std::isnan(loss.cls + loss.box));
}

}  // namespace
}  // namespace qat
