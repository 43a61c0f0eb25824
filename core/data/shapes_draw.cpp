// Draws one picture of the built-in data set: background, clutter, objects one upon another, grain.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "base/random.h"
#include "data/shape_outline.h"
#include "data/shapes.h"

namespace qat {
namespace {

using Colour = std::array<float, 3>;  // blue, green, red, 0..255

constexpr int kSubpixelBits = 4;                     // of OpenCV's drawing coordinates
constexpr double kMinShare = 0.08, kMaxShare = 0.6;  // longer side of an object over the picture's side
constexpr double kMinPixels = 10;                    // the same in pixels: smaller objects lose their shape
constexpr double kMinVisible = 0.7;                  // share of an object's pixels that later objects must leave alone
constexpr int kMaxObjects = 6;
constexpr int kPlacings = 12;  // attempts to find room for an object

uint8_t toByte(float value) {
    return static_cast<uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f));
}

Colour randomColour(Random& random) {
    Colour colour;
    for (float& channel : colour) channel = static_cast<float>(random.uniform(0, 255));
    return colour;
}

cv::Scalar scalar(const Colour& colour) {
    return {colour[0], colour[1], colour[2]};
}

// A random field of cells x cells values around `base`, smoothly blown up to the picture.
cv::Mat smoothField(Random& random, int size, int cells, const Colour& base, double spread) {
    cv::Mat3b coarse(cells, cells), field;
    for (auto& cell : coarse) {
        const double common = random.uniform(-spread, spread);
        for (int c = 0; c < 3; ++c)
            cell[c] =
                toByte(base[static_cast<size_t>(c)] + static_cast<float>(common + random.uniform(-spread, spread) / 2));
    }
    cv::resize(coarse, field, {size, size}, 0, 0, cv::INTER_LINEAR);
    return field;
}

// Stripes or a chequerboard of faint contrast over the whole picture.
void addPattern(Random& random, cv::Mat3b& image) {
    const double period = random.uniform(0.05, 0.2) * image.cols, angle = random.uniform(0, std::numbers::pi);
    const double dx = std::cos(angle) / period, dy = std::sin(angle) / period;
    const bool chequered = random.uniform() < 0.5;
    const int strength = static_cast<int>(random.uniform(6, 22));
    for (int y = 0; y < image.rows; ++y)
        for (int x = 0; x < image.cols; ++x) {
            const double u = x * dx + y * dy, v = chequered ? y * dx - x * dy : 0;
            if ((static_cast<int>(std::floor(u)) + static_cast<int>(std::floor(v))) & 1)
                for (int c = 0; c < 3; ++c) image(y, x)[c] = cv::saturate_cast<uint8_t>(image(y, x)[c] + strength);
        }
}

cv::Mat3b drawBackground(Random& random, int size) {
    cv::Mat3b image =
        smoothField(random, size, 2 + static_cast<int>(random.below(3)), randomColour(random), random.uniform(10, 70));
    const cv::Mat texture =
        smoothField(random, size, 8 + static_cast<int>(random.below(20)), {128, 128, 128}, random.uniform(4, 22));
    cv::addWeighted(image, 1, texture, 1, -128, image);
    if (random.uniform() < 0.35) addPattern(random, image);
    return image;
}

cv::Point randomPoint(Random& random, int size) {
    const auto limit = static_cast<int64_t>(size) << kSubpixelBits;
    const int x = static_cast<int>(random.below(limit));
    return {x, static_cast<int>(random.below(limit))};
}

// Lines, arcs and specks: edges and corners that belong to no object.
void addClutter(Random& random, cv::Mat3b& image, int64_t strokes) {
    const int size = image.cols, one = 1 << kSubpixelBits;
    for (int64_t i = 0; i < strokes; ++i) {
        const cv::Scalar colour = scalar(randomColour(random));
        const int thickness = std::max(1, static_cast<int>(random.uniform(0.6, 2.4) * size / 160));
        const cv::Point start = randomPoint(random, size);
        const int64_t kind = random.below(4);
        if (kind < 2) {
            const double reach = random.uniform(0.1, 0.6) * size * one, angle = random.uniform(0, 2 * std::numbers::pi);
            const cv::Point end(start.x + static_cast<int>(reach * std::cos(angle)),
                                start.y + static_cast<int>(reach * std::sin(angle)));
            cv::line(image, start, end, colour, thickness, cv::LINE_AA, kSubpixelBits);
        } else if (kind == 2) {
            const int radius = static_cast<int>(random.uniform(0.08, 0.4) * size * one);
            const double from = random.uniform(0, 360), sweep = random.uniform(40, 150);
            cv::ellipse(image, start, {radius, radius}, 0, from, from + sweep, colour, thickness, cv::LINE_AA,
                        kSubpixelBits);
        } else {
            const int radius = static_cast<int>(random.uniform(0.004, 0.014) * size * one) + one / 2;
            cv::circle(image, start, radius, colour, cv::FILLED, cv::LINE_AA, kSubpixelBits);
        }
    }
}

// The outline as a mask (0..255, smoothed edges) of the part inside the picture.
struct Stencil {
    cv::Rect area;      // within the picture
    cv::Mat1b mask;     // of area's size
    cv::Rect2f box;     // exact, clipped to the picture
    double cutOff = 0;  // share of the bounding box outside the picture
};

Stencil makeStencil(const Contours& unit, cv::Point2f centre, float length, int size) {
    std::vector<std::vector<cv::Point>> contours;
    cv::Point2f low(1e9f, 1e9f), high(-1e9f, -1e9f);
    for (const auto& contour : unit) {
        auto& fixed = contours.emplace_back();
        for (const auto& point : contour) {
            const cv::Point2f at = point * length + centre;
            low = {std::min(low.x, at.x), std::min(low.y, at.y)};
            high = {std::max(high.x, at.x), std::max(high.y, at.y)};
            // OpenCV puts whole coordinates on pixel centres, boxes count from pixel corners.
            fixed.emplace_back(static_cast<int>(std::lround((at.x - 0.5f) * (1 << kSubpixelBits))),
                               static_cast<int>(std::lround((at.y - 0.5f) * (1 << kSubpixelBits))));
        }
    }
    const cv::Rect2f full(low, high), picture(0, 0, static_cast<float>(size), static_cast<float>(size));
    Stencil stencil;
    stencil.box = full & picture;
    stencil.cutOff = 1 - static_cast<double>(stencil.box.area()) / full.area();
    const cv::Rect outer(static_cast<int>(std::floor(low.x)) - 1, static_cast<int>(std::floor(low.y)) - 1,
                         static_cast<int>(std::ceil(high.x - low.x)) + 4,
                         static_cast<int>(std::ceil(high.y - low.y)) + 4);
    stencil.area = outer & cv::Rect(0, 0, size, size);
    stencil.mask.create(stencil.area.size());
    stencil.mask.setTo(0);
    for (auto& contour : contours)
        for (auto& point : contour) point -= stencil.area.tl() * (1 << kSubpixelBits);
    cv::fillPoly(stencil.mask, contours, cv::Scalar(255), cv::LINE_AA, kSubpixelBits);
    return stencil;
}

// Which object owns which pixel, and how many are left to each.
class Visibility {
public:
    explicit Visibility(int size) : m_owner(size, size, uint8_t{0}) {}

    // Takes the stencil's pixels for a new object unless an earlier one would be hidden too much.
    bool claim(const Stencil& stencil) {
        std::array<int, kMaxObjects + 1> taken{};
        forEachPixel(stencil, [&](uint8_t& owner) { ++taken[owner]; });
        for (size_t i = 1; i <= m_count; ++i)
            if (m_left[i] - taken[i] < kMinVisible * m_whole[i]) return false;
        ++m_count;
        for (size_t i = 0; i < m_count; ++i) m_left[i] -= taken[i];
        forEachPixel(stencil, [&](uint8_t& owner) {
            owner = static_cast<uint8_t>(m_count);
            ++m_whole[m_count];
        });
        m_left[m_count] = m_whole[m_count];
        return true;
    }

private:
    template <class Visit>
    void forEachPixel(const Stencil& stencil, const Visit& visit) {
        for (int y = 0; y < stencil.area.height; ++y) {
            uint8_t* owners = m_owner[stencil.area.y + y] + stencil.area.x;
            for (int x = 0; x < stencil.area.width; ++x)
                if (stencil.mask(y, x) > 127) visit(owners[x]);
        }
    }

    cv::Mat1b m_owner;  // 0: background
    size_t m_count = 0;
    std::array<int, kMaxObjects + 1> m_whole{}, m_left{};
};

// A colour that differs from the surroundings by at least `contrast` in some channel, or the best of a few.
Colour contrastingColour(Random& random, const cv::Mat3b& image, const cv::Rect& area, double contrast) {
    const cv::Scalar around = cv::mean(image(area));
    Colour best{};
    double bestDistance = -1;
    for (int attempt = 0; attempt < 8 && bestDistance < contrast; ++attempt) {
        const Colour colour = randomColour(random);
        double distance = 0;
        for (size_t c = 0; c < 3; ++c) distance = std::max(distance, std::abs(colour[c] - around[static_cast<int>(c)]));
        if (distance > bestDistance) best = colour, bestDistance = distance;
    }
    return best;
}

// Paints through the mask: a colour that drifts from one side of the object to the other.
void paint(Random& random, cv::Mat3b& image, const Stencil& stencil, const Colour& colour) {
    const float drift = random.uniform() < 0.5 ? 0.0f : static_cast<float>(random.uniform(10, 45));
    const double angle = random.uniform(0, 2 * std::numbers::pi);
    const float dx = drift * static_cast<float>(std::cos(angle)) / static_cast<float>(stencil.area.width);
    const float dy = drift * static_cast<float>(std::sin(angle)) / static_cast<float>(stencil.area.height);
    const float opacity = static_cast<float>(random.uniform(0.85, 1)) / 255;
    for (int y = 0; y < stencil.area.height; ++y) {
        cv::Vec3b* row = image[stencil.area.y + y] + stencil.area.x;
        for (int x = 0; x < stencil.area.width; ++x) {
            if (stencil.mask(y, x) == 0) continue;
            const float cover = opacity * stencil.mask(y, x);
            const float shade = dx * static_cast<float>(x) + dy * static_cast<float>(y);
            for (int c = 0; c < 3; ++c) {
                const float wanted = std::clamp(colour[static_cast<size_t>(c)] + shade, 0.0f, 255.0f);
                row[x][c] = toByte(static_cast<float>(row[x][c]) * (1 - cover) + wanted * cover);
            }
        }
    }
}

// An object of that length in pixels, or nothing where no attempt found room.
void placeObject(Random& random, cv::Mat3b& image, Visibility& visibility, int32_t classIndex, const Contours& outline,
                 float length, std::vector<ObjectLabel>& labels) {
    const int size = image.cols;
    for (int attempt = 0; attempt < kPlacings; ++attempt) {
        // Up to a tenth of an object may stick out of the picture.
        const double margin = 0.4 * length;
        const auto x = static_cast<float>(random.uniform(margin, size - margin));
        const auto y = static_cast<float>(random.uniform(margin, size - margin));
        const Stencil stencil = makeStencil(outline, {x, y}, length, size);
        if (stencil.cutOff > 0.2 || !visibility.claim(stencil)) continue;
        paint(random, image, stencil, contrastingColour(random, image, stencil.area, random.uniform(60, 130)));
        const auto side = static_cast<float>(size);
        const cv::Rect2f& box = stencil.box;
        labels.push_back({classIndex, (box.x + box.width / 2) / side, (box.y + box.height / 2) / side, box.width / side,
                          box.height / side});
        return;
    }
}

void addObject(Random& random, cv::Mat3b& image, Visibility& visibility, std::vector<ObjectLabel>& labels) {
    const auto classIndex = static_cast<int32_t>(random.below(kShapeClasses));
    const Contours outline = shapeOutline(classIndex, random);
    const double smallest = std::max(kMinShare, kMinPixels / image.cols);
    const auto length = static_cast<float>(image.cols * smallest * std::pow(kMaxShare / smallest, random.uniform()));
    placeObject(random, image, visibility, classIndex, outline, length, labels);
}

constexpr int kGrainSide = 256;

// A tile of normal noise, drawn once: three normal draws a pixel would cost more than all the rest.
const std::vector<float>& grainTile() {
    static const std::vector<float> tile = [] {
        Random random(0x6772'6169'6E);
        std::vector<float> values(size_t{kGrainSide} * kGrainSide * 3);
        for (float& value : values) value = static_cast<float>(random.normal());
        return values;
    }();
    return tile;
}

void addGrain(Random& random, cv::Mat3b& image) {
    const auto strength = static_cast<float>(random.uniform(1, 9));
    const auto offsetX = static_cast<size_t>(random.below(kGrainSide)),
               offsetY = static_cast<size_t>(random.below(kGrainSide));
    const float* tile = grainTile().data();
    for (int y = 0; y < image.rows; ++y) {
        const float* grain = tile + (static_cast<size_t>(y) + offsetY) % kGrainSide * kGrainSide * 3;
        uint8_t* row = image[y][0].val;
        for (int x = 0; x < image.cols; ++x) {
            const float* at = grain + (static_cast<size_t>(x) + offsetX) % kGrainSide * 3;
            for (int c = 0; c < 3; ++c) row[3 * x + c] = toByte(static_cast<float>(row[3 * x + c]) + strength * at[c]);
        }
    }
}

}  // namespace

Sample drawShapes(uint64_t seed, DataSplit split, int64_t index, int size) {
    Random random = Random::forItem(seed, 1 + static_cast<uint64_t>(split), static_cast<uint64_t>(index));
    cv::Mat3b image = drawBackground(random, size);
    addClutter(random, image, 3 + random.below(8));
    Sample sample;
    Visibility visibility(size);
    // A few pictures stay empty, as in real data.
    const int64_t objects = random.uniform() < 0.03 ? 0 : 1 + random.below(kMaxObjects);
    for (int64_t i = 0; i < objects; ++i) addObject(random, image, visibility, sample.labels);
    if (random.uniform() < 0.3) addClutter(random, image, 1 + random.below(2));
    if (random.uniform() < 0.25) cv::GaussianBlur(image, image, {3, 3}, 0);
    addGrain(random, image);
    sample.image = image;
    return sample;
}

Sample drawOneShape(uint64_t seed, DataSplit split, int64_t index, int size) {
    Random random = Random::forItem(seed, 11 + static_cast<uint64_t>(split), static_cast<uint64_t>(index));
    cv::Mat3b image = drawBackground(random, size);
    addClutter(random, image, 2 + random.below(4));
    Sample sample;
    sample.pictureClass = static_cast<int32_t>(index % kShapeClasses);
    Visibility visibility(size);
    const Contours outline = shapeOutline(sample.pictureClass, random);
    const auto length = static_cast<float>(size * random.uniform(0.34, 0.9));
    placeObject(random, image, visibility, sample.pictureClass, outline, length, sample.labels);
    sample.labels.clear();  // where it is, is not the question
    if (random.uniform() < 0.25) cv::GaussianBlur(image, image, {3, 3}, 0);
    addGrain(random, image);
    sample.image = image;
    return sample;
}

}  // namespace qat
