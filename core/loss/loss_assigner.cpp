// One image's assignment, label by label: no matrix of labels times anchors is ever held.
#include "loss/loss_assigner.h"

#include <algorithm>
#include <limits>

#include "loss/loss_align.h"

namespace qat {
namespace {

constexpr float kInsideMargin = 1e-9f;
constexpr float kScoreEps = 1e-9f;

struct Claim {
    int64_t anchor;
    size_t truth;
    float align, overlap;
};

// The cells first .. last - 1 of a line whose centres lie inside (low, high).
struct Interval {
    int64_t first = 0, last = 0;
};

bool isInside(int64_t cell, int64_t stride, float low, float high) {
    const float centre = (static_cast<float>(cell) + 0.5f) * static_cast<float>(stride);
    return std::min(centre - low, high - centre) > kInsideMargin;
}

Interval insideOf(int64_t cells, int64_t stride, float low, float high) {
    Interval found;
    while (found.first < cells && !isInside(found.first, stride, low, high)) ++found.first;
    found.last = found.first;
    while (found.last < cells && isInside(found.last, stride, low, high)) ++found.last;
    return found;
}

// Where the centres of the anchors lie that a label may claim.
struct Region {
    float x1, y1, x2, y2;
};

Region regionOf(const TrueBox& truth, std::span<const HeadView> levels, const DetectionLossOptions& options) {
    Region region{truth.x1, truth.y1, truth.x2, truth.y2};
    if (!options.enlargesSmall) return region;
    const auto smallest = static_cast<float>(levels.front().stride);
    const float half = static_cast<float>(levels[std::min<size_t>(1, levels.size() - 1)].stride) / 2;
    const auto enlarge = [&](float& low, float& high) {
        if (!(high - low < smallest)) return;
        const float centre = (low + high) / 2;
        low = centre - half, high = centre + half;
    };
    enlarge(region.x1, region.x2);
    enlarge(region.y1, region.y2);
    return region;
}

class Assigner {
public:
    Assigner(std::span<const HeadView> levels, std::span<const TrueBox> truths, const DetectionLossOptions& options)
        : m_levels(levels),
          m_truths(truths),
          m_options(options),
          m_alignment{options.alpha, options.beta},
          m_anchors(countAnchors(levels)),
          m_boxes(m_anchors),
          m_best(m_anchors),
          m_claimCount(m_anchors) {
        for (const TrueBox& truth : truths) m_regions.push_back(regionOf(truth, levels, options));
    }

    Assignment run() {
        decodeInside();
        for (size_t truth = 0; truth < m_truths.size(); ++truth)
            if (isReal(m_truths[truth])) claimFor(truth);
        return score(thinned(settle()));
    }

private:
    // The label that overlaps an anchor most; the first one when none does.
    struct Best {
        float overlap = 0, align = 0;
        size_t truth = 0;
    };

    static size_t countAnchors(std::span<const HeadView> levels) {
        int64_t count = 0;
        for (const HeadView& level : levels) count += level.cells();
        return static_cast<size_t>(count);
    }

    // The recipe takes rows whose corners do not sum to more than 0 for padding.
    static bool isReal(const TrueBox& truth) { return truth.x1 + truth.y1 + truth.x2 + truth.y2 > 0; }

    // Calls visit(level, its first anchor, row, columns) for every row of cells with centres inside the label's region.
    template <class Visit>
    void forInside(size_t truth, const Visit& visit) const {
        const Region& region = m_regions[truth];
        int64_t start = 0;
        for (const HeadView& level : m_levels) {
            const Interval rows = insideOf(level.height, level.stride, region.y1, region.y2);
            const Interval columns = insideOf(level.width, level.stride, region.x1, region.x2);
            if (columns.first < columns.last)
                for (int64_t row = rows.first; row < rows.last; ++row) visit(level, start, row, columns);
            start += level.cells();
        }
    }

    void decodeInside() {
        std::vector<char> decoded(m_anchors);
        for (size_t truth = 0; truth < m_truths.size(); ++truth) {
            if (!isReal(m_truths[truth])) continue;
            forInside(truth, [&](const HeadView& level, int64_t start, int64_t row, Interval columns) {
                for (int64_t column = columns.first; column < columns.last; ++column) {
                    const int64_t cell = row * level.width + column;
                    const auto anchor = static_cast<size_t>(start + cell);
                    if (decoded[anchor]) continue;
                    decoded[anchor] = 1;
                    m_finite &= decodeAnchor(level.logits + cell * level.channels, m_options.regMax, column, row,
                                             level.stride, anchor, m_boxes);
                }
            });
        }
    }

    void claimFor(size_t truth) {
        const TrueBox& box = m_truths[truth];
        m_candidates.clear();
        forInside(truth, [&](const HeadView& level, int64_t start, int64_t row, Interval columns) {
            const int64_t cell = row * level.width + columns.first, count = columns.last - columns.first;
            m_overlap.resize(std::max(m_overlap.size(), static_cast<size_t>(count)));
            m_align.resize(m_overlap.size());
            const float* logits = level.logits + cell * level.channels + 4 * m_options.regMax + box.classId;
            alignRun(m_boxes, static_cast<size_t>(start + cell), count, box, logits, level.channels, m_alignment,
                     m_overlap.data(), m_align.data());
            for (int64_t i = 0; i < count; ++i) consider({start + cell + i, truth, m_align[i], m_overlap[i]});
        });
        if (m_candidates.size() < static_cast<size_t>(m_options.topk)) claimUnaligned(truth);
        for (const Claim& claim : m_candidates) {
            ++m_claimCount[static_cast<size_t>(claim.anchor)];
            m_claims.push_back(claim);
        }
    }

    // Keeps the topk best candidates, the earlier of equals first. Anchors come in ascending order.
    void consider(const Claim& claim) {
        Best& best = m_best[static_cast<size_t>(claim.anchor)];
        if (claim.overlap > best.overlap) best = {claim.overlap, claim.align, claim.truth};
        const bool full = m_candidates.size() == static_cast<size_t>(m_options.topk);
        if (!(claim.align > (full ? m_candidates.back().align : 0.0f))) return;
        if (full) m_candidates.pop_back();
        auto place = m_candidates.end();
        while (place != m_candidates.begin() && std::prev(place)->align < claim.align) --place;
        m_candidates.insert(place, claim);
    }

    // Fewer than topk anchors align at all: the rest of the topk are the first anchors of alignment 0, of which those
    // inside are kept.
    void claimUnaligned(size_t truth) {
        const size_t aligned = m_candidates.size();
        const auto isAligned = [&](int64_t anchor) {
            return std::any_of(m_candidates.begin(), m_candidates.begin() + static_cast<std::ptrdiff_t>(aligned),
                               [&](const Claim& claim) { return claim.anchor == anchor; });
        };
        auto missing = static_cast<size_t>(m_options.topk) - aligned;
        for (int64_t anchor = 0; missing > 0 && anchor < static_cast<int64_t>(m_anchors); ++anchor) {
            if (isAligned(anchor)) continue;
            --missing;
            if (holds(m_regions[truth], anchor)) m_candidates.push_back({anchor, truth, 0.0f, 0.0f});
        }
    }

    bool holds(const Region& region, int64_t anchor) const {
        for (const HeadView& level : m_levels) {
            if (anchor < level.cells())
                return isInside(anchor % level.width, level.stride, region.x1, region.x2) &&
                       isInside(anchor / level.width, level.stride, region.y1, region.y2);
            anchor -= level.cells();
        }
        return false;
    }

    // One claim an anchor: the only one, or that of the label it overlaps most.
    std::vector<Claim> settle() {
        std::vector<Claim> settled;
        settled.reserve(m_claims.size());
        for (const Claim& claim : m_claims) {
            int& count = m_claimCount[static_cast<size_t>(claim.anchor)];
            const Best& best = m_best[static_cast<size_t>(claim.anchor)];
            if (count == 1) settled.push_back(claim);
            if (count > 1) settled.push_back({claim.anchor, best.truth, best.align, best.overlap});
            count = 0;
        }
        return settled;
    }

    // The topk2 best claims of each label. Counted and not sorted, as an alignment may be not-a-number.
    std::vector<Claim> thinned(std::vector<Claim> claims) const {
        if (m_options.topk2 == 0) return claims;
        std::vector<std::vector<Claim>> byLabel(m_truths.size());
        for (const Claim& claim : claims) byLabel[claim.truth].push_back(claim);
        std::vector<Claim> kept;
        for (const std::vector<Claim>& own : byLabel)
            for (const Claim& claim : own) {
                const auto isBetter = [&](const Claim& other) {
                    return other.align > claim.align || (other.align == claim.align && other.anchor < claim.anchor);
                };
                if (std::ranges::count_if(own, isBetter) < m_options.topk2) kept.push_back(claim);
            }
        return kept;
    }

    Assignment score(const std::vector<Claim>& claims) const {
        struct Peak {
            float align = 0, overlap = 0;
        };
        std::vector<Peak> peaks(m_truths.size());
        for (const Claim& claim : claims) {
            Peak& peak = peaks[claim.truth];
            peak.align = std::max(peak.align, claim.align);
            peak.overlap = std::max(peak.overlap, claim.overlap);
        }
        Assignment assignment;
        assignment.positives.reserve(claims.size());
        for (const Claim& claim : claims) {
            const Peak& peak = peaks[claim.truth];
            const float score = claim.align * peak.overlap / (peak.align + kScoreEps);
            assignment.positives.push_back({claim.anchor, claim.truth, score});
            assignment.scoreSum += score;
        }
        if (!m_finite) assignment.scoreSum = std::numeric_limits<double>::quiet_NaN();
        return assignment;
    }

    std::span<const HeadView> m_levels;
    std::span<const TrueBox> m_truths;
    std::vector<Region> m_regions;  // one a label
    const DetectionLossOptions& m_options;
    Alignment m_alignment;
    size_t m_anchors;
    AnchorBoxes m_boxes;
    bool m_finite = true;
    std::vector<Best> m_best;       // an entry an anchor
    std::vector<int> m_claimCount;  // an entry an anchor
    std::vector<Claim> m_claims;
    std::vector<Claim> m_candidates;  // of the label at hand
    std::vector<float> m_overlap, m_align;
};

}  // namespace

Assignment assignAnchors(std::span<const HeadView> levels, std::span<const TrueBox> truths,
                         const DetectionLossOptions& options) {
    if (truths.empty()) return {};
    return Assigner(levels, truths, options).run();
}

}  // namespace qat
