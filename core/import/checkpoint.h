// Trained weights from a file, by name: what every reader of checkpoints returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/types.h"
#include "import/bytes_done.h"
#include "import/calibrated_range.h"
#include "import/stored_module.h"

namespace qat {

struct NamedTensor {
    std::string name;        // state-dict name: model.0.conv.weight
    TensorPtr tensor;        // contiguous, on the CPU; float32 or int64
    std::string storedType;  // element type in the file, as PyTorch names it: float16
};

struct Checkpoint {
    std::vector<NamedTensor> tensors;     // in the order of the file's state dict, names unique
    std::vector<std::string> classNames;  // numClasses long, or empty
    int64_t numClasses = 0;               // 0 if the file does not say
    std::vector<int64_t> strides;         // of the detection maps: 8, 16, 32; empty if the file does not say
    std::string moduleClass;              // ultralytics.nn.tasks.DetectionModel; empty if only weights were stored
    bool batchNormFolded = false;         // a convolution has a bias where its batch norm should be
    std::map<std::string, std::string> metadata;  // what else the file says in single values: version, date, epoch
    std::string task;                             // detect, segment, ...; empty if the file does not say
    // The dictionary of rows that the network was built from as JSON, entries in the order of the file, which counts:
    // of `scales` the first may be meant. A JSON text where the file holds it as YAML. Empty if the file does not say.
    std::string architectureJson;
    // Of a pickled network, all of them: parents before their children, paths unique; empty if only weights were
    // stored.
    std::vector<StoredModule> modules;

    // Width, height in input pixels of each anchor, levels in order; empty if no module of the file has any.
    std::vector<double> anchors;
    std::vector<CalibratedRange> ranges;  // of quantizers that were trained or calibrated elsewhere
    std::vector<std::string> notes;       // sentences on what the file holds and was left, for people

    // Null if there is no tensor of that name. Linear.
    const NamedTensor* find(std::string_view name) const;
    // Null if there is no module of that path. Linear.
    const StoredModule* findModule(std::string_view path) const;
};

// Reads PyTorch files (zip container, the older concatenated pickles, tar archives of before 0.2), the weights of
// TorchScript archives, and safetensors, told apart by content. Of a training checkpoint the averaged weights (ema) are
// taken if there are any. Names that wrappers add (`module.` and `_orig_mod.` anywhere, a second `model.`) are removed.
// Nothing in the file is executed. Throws Error{Io} if the file cannot be opened, Error{BadInput} "FILE: reason" for
// anything that is not a sound checkpoint.
Checkpoint readCheckpoint(const std::filesystem::path& path);

// The same of bytes that are in memory. Throws Error{BadInput} without a file's name.
Checkpoint parseCheckpoint(std::span<const std::byte> file, const BytesDone& done = keepBytes);

// The same with the SHA-256 of the very bytes that were read, in hexadecimal.
struct HashedCheckpoint {
    Checkpoint checkpoint;
    std::string sha256;
};
HashedCheckpoint readHashedCheckpoint(const std::filesystem::path& path);

// Writes safetensors that readCheckpoint returns equal, bit by bit. Throws Error{Io}; the old file is then untouched.
void writeCheckpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

}  // namespace qat
