// Non-maximum suppression: hand-made cases, a literal reference on random outputs, and the golden detections.
#include "eval/nms.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "support/assets.h"

namespace qat {
namespace {

// A decoded output under construction: one anchor after another.
class Output {
public:
    explicit Output(int64_t numClasses) : m_numClasses(numClasses) {}
    Output& add(std::vector<float> xywhThenScores) {
        m_anchors.push_back(std::move(xywhThenScores));
        return *this;
    }
    int64_t anchors() const { return static_cast<int64_t>(m_anchors.size()); }
    std::vector<float> values() const {
        std::vector<float> result;
        for (int64_t row = 0; row < 4 + m_numClasses; ++row)
            for (const auto& anchor : m_anchors) result.push_back(anchor.at(static_cast<size_t>(row)));
        return result;
    }
    std::vector<Detection> suppress(const NmsOptions& options) const {
        return nonMaxSuppression(values(), m_numClasses, anchors(), options);
    }

private:
    int64_t m_numClasses;
    std::vector<std::vector<float>> m_anchors;
};

TEST(Nms, ConvertsCentresToCornersAndSortsByScore) {
    const auto found = Output(2).add({10, 20, 4, 6, 0.3f, 0.1f}).add({100, 50, 20, 10, 0.2f, 0.9f}).suppress({});
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0], (Detection{{90, 45, 110, 55}, 0.9f, 1}));
    EXPECT_EQ(found[1], (Detection{{8, 17, 12, 23}, 0.3f, 0}));
}

TEST(Nms, ConfidenceIsStrict) {
    NmsOptions options;
    const auto output = Output(1).add({10, 10, 4, 4, 0.25f}).add({50, 50, 4, 4, std::nextafter(0.25f, 1.0f)});
    const auto found = output.suppress(options);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].box[0], 48);
    options.multiLabel = true;
    EXPECT_EQ(output.suppress(options), found);
}

TEST(Nms, OverlapIsStrict) {
    const auto output = Output(1).add({10, 10, 2, 1, 0.9f}).add({10.5f, 10, 1, 1, 0.8f});  // IoU 1 / 2, exact
    NmsOptions options;
    options.iou = 0.5;
    EXPECT_EQ(output.suppress(options).size(), 2u);
    options.iou = std::nextafter(0.5, 0.0);
    EXPECT_EQ(output.suppress(options).size(), 1u);
}

TEST(Nms, ThresholdIsComparedInDoublePrecision) {
    // IoU 3 / 5 rounds up to a float above 0.6, so it is above the limit 0.6.
    const auto output = Output(1).add({2.5f, 10, 5, 1, 0.9f}).add({1.5f, 10, 3, 1, 0.8f});
    ASSERT_GT(static_cast<double>(3.0f / 5.0f), 0.6);
    NmsOptions options;
    options.iou = 0.6;
    EXPECT_EQ(output.suppress(options).size(), 1u);
    options.iou = static_cast<double>(0.6f);
    EXPECT_EQ(output.suppress(options).size(), 2u);
}

TEST(Nms, FirstClassAndFirstAnchorWinTies) {
    const auto found = Output(3).add({10, 10, 4, 4, 0.1f, 0.5f, 0.5f}).add({11, 10, 4, 4, 0, 0.5f, 0}).suppress({});
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0], (Detection{{8, 8, 12, 12}, 0.5f, 1}));
    EXPECT_EQ(found[1].box[0], 9);
    NmsOptions strict;
    strict.iou = 0.3;
    EXPECT_EQ(Output(3).add({10, 10, 4, 4, 0, 0.5f, 0}).add({11, 10, 4, 4, 0, 0.5f, 0}).suppress(strict),
              (std::vector<Detection>{{{8, 8, 12, 12}, 0.5f, 1}}));
}

TEST(Nms, ClassesMeetOnlyWhenAgnostic) {
    const auto output = Output(2).add({10, 10, 4, 4, 0.9f, 0}).add({10, 10, 4, 4, 0, 0.8f});
    NmsOptions options;
    EXPECT_EQ(output.suppress(options).size(), 2u);
    options.agnostic = true;
    EXPECT_EQ(output.suppress(options), (std::vector<Detection>{{{8, 8, 12, 12}, 0.9f, 0}}));
}

TEST(Nms, SeveralLabelsOfOneBox) {
    const auto output = Output(3).add({10, 10, 4, 4, 0.5f, 0.9f, 0.2f});
    NmsOptions options;
    options.multiLabel = true;
    const auto found = output.suppress(options);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].classIndex, 1);
    EXPECT_EQ(found[1].classIndex, 0);
    EXPECT_EQ(found[0].box, found[1].box);
    EXPECT_EQ(output.suppress({}).size(), 1u);
    EXPECT_EQ(Output(1).add({10, 10, 4, 4, 0.5f}).suppress(options).size(), 1u);
}

TEST(Nms, LimitsCandidatesAndDetections) {
    Output output(1);
    for (int i = 0; i < 50; ++i) output.add({100.0f * i, 10, 4, 4, 0.3f + 0.01f * i});
    NmsOptions options;
    options.maxDetections = 7;
    const auto few = output.suppress(options);
    ASSERT_EQ(few.size(), 7u);
    EXPECT_EQ(few.back().box[0], 4298);
    options.maxDetections = 300;
    options.maxCandidates = 5;
    EXPECT_EQ(output.suppress(options).size(), 5u);
    EXPECT_EQ(output.suppress(options)[4].box[0], 4498);
}

TEST(Nms, SurvivesValuesThatAreNoNumbers) {
    const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    const auto found = Output(2)
                           .add({10, 10, 4, 4, nan, 0.9f})
                           .add({10, 10, 4, 4, 0.9f, nan})
                           .add({nan, 10, 4, 4, 0.8f, 0})
                           .add({10, 10, inf, inf, 0.7f, 0})
                           .add({10, 10, -4, -4, 0.6f, 0})
                           .suppress({});
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0].score, 0.8f);
    EXPECT_EQ(found[2].score, 0.6f);
    EXPECT_TRUE(nonMaxSuppression({}, 80, 0, {}).empty());
}

TEST(Nms, RefusesOptionsOutOfRange) {
    const auto refuses = [](auto&& change) {
        NmsOptions options;
        change(options);
        EXPECT_THROW(nonMaxSuppression({}, 1, 0, options), Error);
    };
    refuses([](NmsOptions& o) { o.conf = -0.1f; });
    refuses([](NmsOptions& o) { o.conf = std::numeric_limits<float>::quiet_NaN(); });
    refuses([](NmsOptions& o) { o.iou = 1.1; });
    refuses([](NmsOptions& o) { o.maxDetections = 0; });
    refuses([](NmsOptions& o) { o.maxCandidates = -1; });
    const std::vector<float> tooShort(5);
    EXPECT_THROW(nonMaxSuppression(tooShort, 2, 1, {}), Error);
}

struct Candidate {
    Box box, moved;
    float score;
    int32_t classIndex;
};

// The definition word for word: list, stable sort, cut, suppress forwards.
std::vector<Detection> literalNms(const std::vector<float>& decoded, int64_t numClasses, int64_t anchors,
                                  const NmsOptions& options) {
    const auto at = [&](int64_t row, int64_t a) { return decoded[static_cast<size_t>(row * anchors + a)]; };
    std::vector<Candidate> list;
    for (int64_t a = 0; a < anchors; ++a) {
        int64_t best = 0;
        for (int64_t c = 1; c < numClasses; ++c)
            if (at(4 + c, a) > at(4 + best, a)) best = c;
        for (int64_t c = 0; c < numClasses; ++c) {
            if (!(at(4 + c, a) > options.conf) || (!options.multiLabel && c != best)) continue;
            const float halfWidth = at(2, a) / 2, halfHeight = at(3, a) / 2;
            const Box box{at(0, a) - halfWidth, at(1, a) - halfHeight, at(0, a) + halfWidth, at(1, a) + halfHeight};
            const float offset = options.agnostic ? 0 : static_cast<float>(c) * options.maxWh;
            const Box moved{box[0] + offset, box[1] + offset, box[2] + offset, box[3] + offset};
            list.push_back({box, moved, at(4 + c, a), static_cast<int32_t>(c)});
        }
    }
    std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    if (list.size() > static_cast<size_t>(options.maxCandidates))
        list.resize(static_cast<size_t>(options.maxCandidates));
    std::vector<char> suppressed(list.size());
    std::vector<Detection> kept;
    for (size_t i = 0; i < list.size(); ++i) {
        if (suppressed[i]) continue;
        kept.push_back({list[i].box, list[i].score, list[i].classIndex});
        const Box& k = list[i].moved;
        for (size_t j = i + 1; j < list.size(); ++j) {
            const Box& b = list[j].moved;
            const float w = std::max(0.0f, std::min(k[2], b[2]) - std::max(k[0], b[0]));
            const float h = std::max(0.0f, std::min(k[3], b[3]) - std::max(k[1], b[1]));
            const float areas = (k[2] - k[0]) * (k[3] - k[1]) + (b[2] - b[0]) * (b[3] - b[1]);
            if (static_cast<double>(w * h / (areas - w * h)) > options.iou) suppressed[j] = 1;
        }
    }
    if (kept.size() > static_cast<size_t>(options.maxDetections))
        kept.resize(static_cast<size_t>(options.maxDetections));
    return kept;
}

std::vector<float> randomOutput(uint64_t seed, int64_t numClasses, int64_t anchors, double side, double density) {
    Random random(seed);
    std::vector<float> decoded(static_cast<size_t>((4 + numClasses) * anchors));
    for (int64_t a = 0; a < anchors; ++a) {
        const auto put = [&](int64_t row, double v) {
            decoded[static_cast<size_t>(row * anchors + a)] = static_cast<float>(v);
        };
        put(0, random.uniform(0, side));
        put(1, random.uniform(0, side));
        put(2, random.uniform(0, side / 2));
        put(3, random.uniform(0, side / 2));
        // Coarse scores make ties.
        for (int64_t c = 0; c < numClasses; ++c)
            if (random.uniform() < density) put(4 + c, static_cast<double>(random.below(64)) / 64);
    }
    return decoded;
}

TEST(Nms, AgreesWithTheDefinitionOnRandomOutputs) {
    size_t kept = 0;
    for (uint64_t seed = 0; seed < 24; ++seed) {
        const int64_t numClasses = 1 + static_cast<int64_t>(seed % 5) * 3,
                      anchors = 700 + static_cast<int64_t>(seed) * 13;
        // From 20000 pixels on, boxes of neighbouring classes do meet after the move.
        const double side = seed % 3 == 2 ? 30000 : 640;
        const auto decoded = randomOutput(seed, numClasses, anchors, side, 0.2);
        NmsOptions options = seed % 2 ? NmsOptions::validate() : NmsOptions::predict();
        options.iou = 0.3 + 0.05 * static_cast<double>(seed % 9);
        options.agnostic = seed % 7 == 3;
        if (seed % 4 == 1) options.maxCandidates = 400;
        NmsOptions literal = options;
        literal.multiLabel = options.multiLabel && numClasses > 1;
        const auto found = nonMaxSuppression(decoded, numClasses, anchors, options);
        EXPECT_EQ(found, literalNms(decoded, numClasses, anchors, literal)) << "seed " << seed;
        kept += found.size();
    }
    EXPECT_GT(kept, 1000u);
}

// Goldens: scores of neighbours tie to 6e-6, so lists compare as sets.
void expectSameSet(const std::vector<Detection>& found, const nlohmann::json& golden) {
    ASSERT_EQ(found.size(), golden.size());
    std::vector<char> used(found.size());
    for (const auto& expected : golden) {
        double nearest = 1e9;
        size_t best = 0;
        for (size_t i = 0; i < found.size(); ++i) {
            if (used[i] || found[i].classIndex != expected["cls"].get<int>()) continue;
            double distance = 100 * std::abs(found[i].score - expected["score"].get<double>());
            for (size_t k = 0; k < 4; ++k)
                distance = std::max(distance, std::abs(found[i].box[k] - expected["box_640"][k].get<double>()));
            if (distance < nearest) {
                nearest = distance;
                best = i;
            }
        }
        EXPECT_LT(nearest, 5e-3) << expected.dump();
        used[best] = 1;
    }
}

TEST(Nms, GoldenDetections) {
    QAT_REQUIRE_ASSETS(assets);
    const auto folder = assets / "goldens/yolov8n";
    const auto decoded = test::readNpy(folder / "raw/000000000110_640_decoded.npy");
    ASSERT_EQ(decoded.shape, (std::vector<int64_t>{1, 84, 8400}));
    const auto golden = test::readJson(folder / "detections.json");
    bool compared = false;
    for (const auto& image : golden["images"]) {
        if (image["name"] != "000000000110") continue;
        compared = true;
        expectSameSet(nonMaxSuppression(decoded.values, 80, 8400, NmsOptions::predict()), image["detections"]);
    }
    EXPECT_TRUE(compared);
}

TEST(Nms, RealOutputAgreesWithTheDefinition) {
    QAT_REQUIRE_ASSETS(assets);
    const auto decoded = test::readNpy(assets / "goldens/yolov8n/raw/000000000110_640_decoded.npy");
    for (const NmsOptions& options : {NmsOptions::predict(), NmsOptions::validate()})
        EXPECT_EQ(nonMaxSuppression(decoded.values, 80, 8400, options), literalNms(decoded.values, 80, 8400, options));
}

}  // namespace
}  // namespace qat
