// Candidate scan in cache-sized blocks, and greedy suppression against the boxes kept so far.
#include "eval/nms.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "eval/decoded_scores.h"

namespace qat {

namespace {

// A block's maxima and, for 80 classes, its scores stay in the second-level cache.
constexpr int64_t kBlock = 256;

void blockMaxima(const DecodedScores& decoded, int64_t begin, int64_t count, std::array<float, kBlock>& maxima) {
    std::copy_n(decoded.row(4) + begin, count, maxima.begin());
    for (int64_t c = 1; c < decoded.numClasses; ++c) {
        const float* scores = decoded.row(4 + c) + begin;
        for (int64_t i = 0; i < count; ++i) maxima[i] = maxima[i] < scores[i] ? scores[i] : maxima[i];
    }
}

void addAnchor(const DecodedScores& decoded, int64_t anchor, float conf, bool multiLabel, std::vector<uint64_t>& keys) {
    const size_t sizeBefore = keys.size();
    const int64_t first = anchor * decoded.numClasses;
    float best = -std::numeric_limits<float>::infinity();
    int64_t bestClass = 0;
    for (int64_t c = 0; c < decoded.numClasses; ++c) {
        const float score = decoded.score(anchor, c);
        if (std::isnan(score)) {
            keys.resize(sizeBefore);
            return;
        }
        if (multiLabel && score > conf) keys.push_back(candidateKey(score, first + c));
        if (score > best) {
            best = score;
            bestClass = c;
        }
    }
    if (!multiLabel) keys.push_back(candidateKey(best, first + bestClass));
}

std::vector<uint64_t> findCandidates(const DecodedScores& decoded, const NmsOptions& options) {
    std::vector<uint64_t> keys;
    std::array<float, kBlock> maxima;
    for (int64_t begin = 0; begin < decoded.anchors; begin += kBlock) {
        const int64_t count = std::min(kBlock, decoded.anchors - begin);
        blockMaxima(decoded, begin, count, maxima);
        for (int64_t i = 0; i < count; ++i)
            if (maxima[i] > options.conf) addAnchor(decoded, begin + i, options.conf, options.multiLabel, keys);
    }
    keepBest(keys, static_cast<size_t>(options.maxCandidates));
    return keys;
}

// The boxes kept so far, one array a coordinate so that a candidate meets several at once.
class KeptBoxes {
public:
    explicit KeptBoxes(double iou) : m_threshold(static_cast<float>(iou)) {
        // Comparing floats with the largest float not above the limit is comparing them with the limit itself.
        if (static_cast<double>(m_threshold) > iou) m_threshold = std::nextafter(m_threshold, 0.0f);
    }
    void add(const Box& box, float area) {
        m_x1.push_back(box[0]);
        m_y1.push_back(box[1]);
        m_x2.push_back(box[2]);
        m_y2.push_back(box[3]);
        m_area.push_back(area);
    }
    size_t size() const { return m_area.size(); }
    bool suppress(const Box& box, float area) const {
        constexpr size_t kGroup = 32;
        size_t i = 0;
        for (; i + kGroup <= size(); i += kGroup)
            if (anyAbove(box, area, i, kGroup)) return true;
        return anyAbove(box, area, i, size() - i);
    }

private:
    // IoU = intersection / (area of the kept box + area - intersection), all in float32 and in this order.
    bool anyAbove(const Box& box, float area, size_t begin, size_t count) const {
        const float *x1 = m_x1.data() + begin, *y1 = m_y1.data() + begin, *x2 = m_x2.data() + begin,
                    *y2 = m_y2.data() + begin, *keptArea = m_area.data() + begin;
        int above = 0;
        for (size_t i = 0; i < count; ++i) {
            const float width = std::max(0.0f, std::min(x2[i], box[2]) - std::max(x1[i], box[0]));
            const float height = std::max(0.0f, std::min(y2[i], box[3]) - std::max(y1[i], box[1]));
            const float intersection = width * height;
            above |= intersection / (keptArea[i] + area - intersection) > m_threshold;
        }
        return above != 0;
    }

    float m_threshold;
    std::vector<float> m_x1, m_y1, m_x2, m_y2, m_area;
};

std::vector<Detection> suppressOverlaps(const DecodedScores& decoded, const std::vector<uint64_t>& keys,
                                        const NmsOptions& options) {
    std::vector<Detection> detections;
    KeptBoxes kept(options.iou);
    for (const uint64_t key : keys) {
        if (detections.size() == static_cast<size_t>(options.maxDetections)) break;
        const int64_t flatIndex = candidateIndex(key);
        const int64_t anchor = flatIndex / decoded.numClasses, classIndex = flatIndex % decoded.numClasses;
        const Box box = decoded.corners(anchor);
        // Moving by the class first and comparing after is part of the definition: it rounds the coordinates.
        const float offset = options.agnostic ? 0.0f : static_cast<float>(classIndex) * options.maxWh;
        const Box moved{box[0] + offset, box[1] + offset, box[2] + offset, box[3] + offset};
        const float area = (moved[2] - moved[0]) * (moved[3] - moved[1]);
        if (kept.suppress(moved, area)) continue;
        kept.add(moved, area);
        detections.push_back({box, decoded.score(anchor, classIndex), static_cast<int32_t>(classIndex)});
    }
    return detections;
}

}  // namespace

NmsOptions NmsOptions::predict() {
    return {};
}

NmsOptions NmsOptions::validate() {
    NmsOptions options;
    options.conf = 0.001f;
    options.multiLabel = true;
    return options;
}

std::vector<Detection> nonMaxSuppression(std::span<const float> values, int64_t numClasses, int64_t anchors,
                                         const NmsOptions& options) {
    const DecodedScores decoded = decodedScores(values, numClasses, anchors, options);
    NmsOptions effective = options;
    effective.multiLabel = options.multiLabel && numClasses > 1;
    return suppressOverlaps(decoded, findCandidates(decoded, effective), effective);
}

}  // namespace qat
