// Two rounds of choosing the best; what cannot pass the threshold does not take part.
#include "eval/top_scores.h"

#include <cmath>

#include "eval/decoded_scores.h"

namespace qat {
namespace {

// The best score of each anchor, NaN where one of its scores is.
std::vector<float> bestScores(const DecodedScores& decoded) {
    std::vector<float> best(decoded.row(4), decoded.row(4) + decoded.anchors);
    for (int64_t c = 1; c < decoded.numClasses; ++c) {
        const float* scores = decoded.row(4 + c);
        for (size_t i = 0; i < best.size(); ++i)
            best[i] = scores[i] > best[i] || std::isnan(scores[i]) ? scores[i] : best[i];
    }
    return best;
}

// By rank.
std::vector<int64_t> bestAnchors(const DecodedScores& decoded, const NmsOptions& options) {
    const std::vector<float> best = bestScores(decoded);
    std::vector<uint64_t> keys;
    for (size_t i = 0; i < best.size(); ++i)
        if (best[i] > options.conf) keys.push_back(candidateKey(best[i], static_cast<int64_t>(i)));
    keepBest(keys, static_cast<size_t>(options.maxDetections));
    std::vector<int64_t> anchors;
    for (const uint64_t key : keys) anchors.push_back(candidateIndex(key));
    return anchors;
}

int64_t bestClass(const DecodedScores& decoded, int64_t anchor) {
    int64_t best = 0;
    for (int64_t c = 1; c < decoded.numClasses; ++c)
        if (decoded.score(anchor, c) > decoded.score(anchor, best)) best = c;
    return best;
}

// Pairs of a rank and a class, as rank * classes + class, by falling score.
std::vector<uint64_t> bestPairs(const DecodedScores& decoded, const std::vector<int64_t>& anchors,
                                const NmsOptions& options) {
    std::vector<uint64_t> keys;
    for (size_t rank = 0; rank < anchors.size(); ++rank)
        for (int64_t c = 0; c < decoded.numClasses; ++c)
            if (const float score = decoded.score(anchors[rank], c); score > options.conf)
                keys.push_back(candidateKey(score, static_cast<int64_t>(rank) * decoded.numClasses + c));
    keepBest(keys, static_cast<size_t>(options.maxDetections));
    return keys;
}

}  // namespace

std::vector<Detection> topScores(std::span<const float> values, int64_t numClasses, int64_t anchorCount,
                                 const NmsOptions& options) {
    const DecodedScores decoded = decodedScores(values, numClasses, anchorCount, options);
    const std::vector<int64_t> anchors = bestAnchors(decoded, options);
    std::vector<Detection> detections;
    const auto add = [&](int64_t anchor, int64_t c) {
        detections.push_back({decoded.corners(anchor), decoded.score(anchor, c), static_cast<int32_t>(c)});
    };
    if (options.agnostic) {
        for (const int64_t anchor : anchors) add(anchor, bestClass(decoded, anchor));
        return detections;
    }
    for (const uint64_t key : bestPairs(decoded, anchors, options))
        add(anchors[static_cast<size_t>(candidateIndex(key) / numClasses)], candidateIndex(key) % numClasses);
    return detections;
}

}  // namespace qat
