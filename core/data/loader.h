// Batches of network inputs, prepared ahead by worker threads, in an order and with values that the seed alone decides.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "data/dataset.h"
#include "data/letterbox.h"

namespace qat {

// Where a picture of a batch comes from and how boxes get back there (toOriginal of data/letterbox.h). An augmented
// picture is its own original: imgsz x imgsz, ratio 1, no pads; nobody measures it, so nothing is said of damage.
struct ImageInfo {
    std::string path;
    int width = 0, height = 0;        // of the original
    float ratio = 1;                  // input pixels per pixel of the original
    float padLeft = 0, padTop = 0;    // input pixels before the picture, whole
    std::vector<ObjectLabel> labels;  // as shares of the original
    int32_t pictureClass = kNoClass;  // of LabelKind::Class
    int64_t index = 0;                // in the data set
    bool damaged = false;             // a grey stand-in for a picture that cannot be decoded: for training only
};

struct Batch {
    at::Tensor images;  // float32 [N, 3, H, W], channels-last in memory, RGB, 0..1
    // Of boxes: float32 [M, 6], picture in the batch, class, then centre and size as shares of the input. Of classes:
    // int64 [N], kNoClass where a grey picture stands in for a damaged one.
    at::Tensor targets;
    std::vector<ImageInfo> info;
};

struct LoaderOptions {
    int imgsz = 640;
    int batch = 16;
    int workers = 2;  // 0: everything happens inside next()
    bool shuffle = false;
    uint64_t seed = 0;
    std::optional<AugmentConfig> augment;  // training; excludes rect; of pictures with one class see data/class_frame.h
    LetterboxMode letterbox = LetterboxMode::Validate;
    bool rect = false;      // sorted by shape, one input shape per batch; of boxes only; excludes shuffle
    int rectStep = 32;      // pixels: sides of these shapes are multiples of it
    bool dropLast = false;  // leaves out an incomplete last batch
    int64_t limit = 0;      // only the first pictures of the data set; 0: all
};

// The shape of what the network gets: 640x640, or rectangles with a long side of 640.
std::string inputShapeText(int imgsz, bool rect);

// Belongs to one consumer thread. Results are bit-identical for any number of workers.
class Loader {
public:
    // Throws Error{BadInput} for options outside sensible ranges; with rect also if a picture cannot be read, since
    // their shapes are needed beforehand; Error{Io} if the system does not let so many threads start. Switches OpenCV's
    // own threads off: the workers are the parallelism.
    Loader(std::shared_ptr<const Dataset> dataset, LoaderOptions options);
    // Waits at most for the pictures that are being prepared right now.
    ~Loader();

    int64_t batchesPerEpoch() const;
    // Begins an epoch, or abandons the one that runs and begins another. Order and augmentation follow from seed and
    // epoch, so starting at firstBatch gives the same batches as skipping up to it. mosaic false: without mosaics.
    void startEpoch(int64_t epoch, int64_t firstBatch = 0, bool mosaic = true);
    // The next batch, or nothing at the end of the epoch. Throws what went wrong with the first bad picture of the
    // batch, which also ends the epoch.
    std::optional<Batch> next();

private:
    class Engine;
    std::unique_ptr<Engine> m_engine;
};

}  // namespace qat
