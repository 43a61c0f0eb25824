// Greedy matching for four object sizes, then precision envelopes over the merged ranking.
#include "eval/coco.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace qat {

namespace {

constexpr size_t kSizes = 4;  // all, small, medium, large
constexpr std::array<std::array<double, 2>, kSizes> kAreaRange{
    {{0, 1e10}, {0, 32 * 32}, {32 * 32, 96 * 96}, {96 * 96, 1e10}}};
constexpr size_t kMaxDetections = 100;
// linspace(0.5, 0.95, 10) in double: 0.9 comes out one unit in the last place lower, as in the reference.
constexpr std::array<double, kIouLevels> kCocoLevels = [] {
    std::array<double, kIouLevels> levels{};
    for (size_t i = 0; i < kIouLevels; ++i) levels[i] = 0.5 + static_cast<double>(i) * ((0.95 - 0.5) / 9);
    levels.back() = 0.95;
    return levels;
}();

bool outside(double area, size_t size) {
    return area < kAreaRange[size][0] || area > kAreaRange[size][1];
}

double side(const Box& box, size_t axis) {
    return static_cast<double>(box[axis + 2]) - box[axis];
}
double areaOf(const Box& box) {
    return side(box, 0) * side(box, 1);
}

// With a crowd the overlap is measured against the detection alone.
double overlap(const Box& detection, const CocoLabel& label) {
    const Box& b = label.box;
    const double width = std::min<double>(detection[2], b[2]) - std::max<double>(detection[0], b[0]);
    const double height = std::min<double>(detection[3], b[3]) - std::max<double>(detection[1], b[1]);
    if (!(width > 0 && height > 0)) return 0;
    const double intersection = width * height;
    const double whole = label.crowd ? areaOf(detection) : areaOf(detection) + areaOf(b) - intersection;
    return intersection / whole;
}

// One detection in the ranking of its class: bit t of an entry belongs to IoU level t.
struct Ranked {
    float score;
    uint16_t rank;  // in its image and class
    std::array<uint16_t, kSizes> right{}, ignored{};
};

struct ClassRanking {
    std::vector<Ranked> detections;
    std::array<int64_t, kSizes> labels{};  // those that are not ignored
};

// Detections (best first) and labels of one class in one image, with their overlaps.
class ImageClass {
public:
    ImageClass(std::span<const Detection* const> detections, std::span<const CocoLabel* const> labels)
        : m_detections(detections), m_labels(labels), m_overlaps(detections.size() * labels.size()) {
        for (size_t d = 0; d < detections.size(); ++d)
            for (size_t l = 0; l < labels.size(); ++l)
                m_overlaps[d * labels.size() + l] = overlap(detections[d]->box, *labels[l]);
    }

    void appendTo(ClassRanking& ranking) {
        const size_t first = ranking.detections.size();
        for (size_t d = 0; d < m_detections.size(); ++d)
            ranking.detections.push_back({m_detections[d]->score, static_cast<uint16_t>(d)});
        for (size_t size = 0; size < kSizes; ++size) {
            orderLabels(size);
            ranking.labels[size] += static_cast<int64_t>(m_counted);
            for (size_t level = 0; level < kIouLevels; ++level)
                match(size, level, std::span(ranking.detections).subspan(first));
        }
    }

private:
    // Labels that count come before ignored ones; otherwise the given order.
    void orderLabels(size_t size) {
        m_order.resize(m_labels.size());
        std::iota(m_order.begin(), m_order.end(), size_t{0});
        const auto counts = [&](size_t l) { return !m_labels[l]->crowd && !outside(m_labels[l]->area, size); };
        const auto middle = std::stable_partition(m_order.begin(), m_order.end(), counts);
        m_counted = static_cast<size_t>(middle - m_order.begin());
    }

    // Position in m_order of the label that detection d takes, or none (the number of labels). A counted label is
    // preferred to any ignored one; of equal overlaps the later label wins.
    size_t findLabel(size_t d, double level) const {
        const double* overlaps = m_overlaps.data() + d * m_labels.size();
        double best = std::min(level, 1 - 1e-10);
        size_t found = m_order.size();
        for (size_t position = 0; position < m_order.size(); ++position) {
            const size_t l = m_order[position];
            if (position == m_counted && found < m_counted) break;
            if ((m_taken[l] && !m_labels[l]->crowd) || !(overlaps[l] >= best)) continue;
            best = overlaps[l];
            found = position;
        }
        return found;
    }

    void match(size_t size, size_t level, std::span<Ranked> ranked) {
        m_taken.assign(m_labels.size(), 0);
        const auto bit = static_cast<uint16_t>(1u << level);
        for (size_t d = 0; d < ranked.size(); ++d) {
            const size_t position = findLabel(d, kCocoLevels[level]);
            if (position == m_order.size()) {
                if (outside(areaOf(m_detections[d]->box), size)) ranked[d].ignored[size] |= bit;
                continue;
            }
            m_taken[m_order[position]] = 1;
            (position < m_counted ? ranked[d].right : ranked[d].ignored)[size] |= bit;
        }
    }

    std::span<const Detection* const> m_detections;
    std::span<const CocoLabel* const> m_labels;
    std::vector<double> m_overlaps;
    std::vector<size_t> m_order;
    size_t m_counted = 0;
    std::vector<char> m_taken;
};

template <class Item>
using ByClass = std::vector<std::vector<const Item*>>;

template <class Item>
void distribute(const std::vector<Item>& items, const char* what, ByClass<Item>& byClass) {
    for (auto& members : byClass) members.clear();
    for (const Item& item : items) {
        const auto c = static_cast<size_t>(item.classIndex);
        require(item.classIndex >= 0 && c < byClass.size(), ErrorKind::BadInput, what, " class ", item.classIndex,
                " is outside 0..", static_cast<int64_t>(byClass.size()) - 1);
        byClass[c].push_back(&item);
    }
}

void keepBest(std::vector<const Detection*>& detections) {
    std::erase_if(detections, [](const Detection* detection) { return !std::isfinite(detection->score); });
    std::stable_sort(detections.begin(), detections.end(),
                     [](const Detection* a, const Detection* b) { return a->score > b->score; });
    if (detections.size() > kMaxDetections) detections.resize(kMaxDetections);
}

std::vector<ClassRanking> rankImages(std::span<const CocoImage> images, size_t numClasses) {
    std::vector<ClassRanking> rankings(numClasses);
    ByClass<Detection> detections(numClasses);
    ByClass<CocoLabel> labels(numClasses);
    for (const CocoImage& image : images) {
        distribute(image.detections, "detection", detections);
        distribute(image.labels, "label", labels);
        for (size_t c = 0; c < numClasses; ++c) {
            keepBest(detections[c]);
            if (!detections[c].empty() || !labels[c].empty())
                ImageClass(detections[c], labels[c]).appendTo(rankings[c]);
        }
    }
    for (ClassRanking& ranking : rankings)
        std::stable_sort(ranking.detections.begin(), ranking.detections.end(),
                         [](const Ranked& a, const Ranked& b) { return a.score > b.score; });
    return rankings;
}

// AP is the mean over recall i / 100 of the envelope's precision at the first detection that reaches the recall.
double averagePrecision(const ClassRanking& ranking, size_t size, size_t level, std::vector<double>& recall,
                        std::vector<double>& precision) {
    recall.clear();
    precision.clear();
    int64_t right = 0, counted = 0;
    for (const Ranked& detection : ranking.detections) {
        const bool isRight = detection.right[size] >> level & 1, isIgnored = detection.ignored[size] >> level & 1;
        right += isRight;
        counted += !isIgnored;
        recall.push_back(static_cast<double>(right) / static_cast<double>(ranking.labels[size]));
        precision.push_back(static_cast<double>(right) / (static_cast<double>(counted) + 0x1p-52));
    }
    for (size_t i = precision.size(); i-- > 1;) precision[i - 1] = std::max(precision[i - 1], precision[i]);
    double sum = 0;
    size_t first = 0;
    for (int i = 0; i <= 100; ++i) {
        while (first < recall.size() && recall[first] < i * 0.01) ++first;
        if (first < recall.size()) sum += precision[first];
    }
    return sum / 101;
}

// Share of the labels found, averaged over the IoU levels.
double averageRecall(const ClassRanking& ranking, size_t size, size_t maxDetections) {
    int64_t right = 0;
    for (const Ranked& detection : ranking.detections)
        if (detection.rank < maxDetections) right += std::popcount(detection.right[size]);
    return static_cast<double>(right) / static_cast<double>(ranking.labels[size]) / kIouLevels;
}

// Mean over the classes that have labels of this size, -1 when none has.
template <class Value>
double meanOverClasses(std::span<const ClassRanking> rankings, size_t size, Value&& value) {
    double sum = 0;
    int64_t count = 0;
    for (size_t c = 0; c < rankings.size(); ++c)
        if (rankings[c].labels[size] > 0) {
            sum += value(c);
            ++count;
        }
    return count ? sum / static_cast<double>(count) : -1;
}

using LevelAp = std::array<double, kIouLevels>;

double meanOf(const LevelAp& ap) {
    return std::accumulate(ap.begin(), ap.end(), 0.0) / kIouLevels;
}

// [size][class] to AP at every IoU level; zeros for a class without labels of the size.
std::array<std::vector<LevelAp>, kSizes> averagePrecisions(std::span<const ClassRanking> rankings) {
    std::array<std::vector<LevelAp>, kSizes> ap;
    std::vector<double> recall, precision;
    for (size_t size = 0; size < kSizes; ++size) {
        ap[size].resize(rankings.size());
        for (size_t c = 0; c < rankings.size(); ++c)
            for (size_t level = 0; level < kIouLevels && rankings[c].labels[size] > 0; ++level)
                ap[size][c][level] = averagePrecision(rankings[c], size, level, recall, precision);
    }
    return ap;
}

}  // namespace

CocoMetrics cocoMetrics(std::span<const CocoImage> images, int numClasses) {
    ensure(numClasses >= 0, "number of classes");
    const std::vector<ClassRanking> rankings = rankImages(images, static_cast<size_t>(numClasses));
    const auto ap = averagePrecisions(rankings);
    const auto meanAp = [&](size_t size) {
        return meanOverClasses(rankings, size, [&](size_t c) { return meanOf(ap[size][c]); });
    };
    const auto apAt = [&](size_t level) {
        return meanOverClasses(rankings, 0, [&](size_t c) { return ap[0][c][level]; });
    };
    const auto meanAr = [&](size_t size, size_t limit) {
        return meanOverClasses(rankings, size, [&](size_t c) { return averageRecall(rankings[c], size, limit); });
    };
    CocoMetrics metrics{
        meanAp(0),     apAt(0),        apAt(5),        meanAp(1),      meanAp(2),      meanAp(3), meanAr(0, 1),
        meanAr(0, 10), meanAr(0, 100), meanAr(1, 100), meanAr(2, 100), meanAr(3, 100), {}};
    for (size_t c = 0; c < rankings.size(); ++c)
        metrics.classAp.push_back(rankings[c].labels[0] > 0 ? meanOf(ap[0][c]) : -1);
    return metrics;
}

CocoImage cocoImage(const EvaluatedImage& image) {
    CocoImage result{image.detections, {}};
    for (const LabelBox& label : image.labels)
        result.labels.push_back({label.box, label.classIndex, areaOf(label.box), false});
    return result;
}

}  // namespace qat
