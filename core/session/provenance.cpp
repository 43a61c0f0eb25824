// Digests of data and files.
#include "session/provenance.h"

#include <torch/version.h>

#include <algorithm>
#include <opencv2/core/version.hpp>
#include <set>
#include <span>

#include "base/files.h"
#include "base/sha256.h"
#include "config/data_name.h"
#include "data/labels.h"
#include "data/shapes.h"
#include "runs/words.h"
#include "session/run_lock.h"

namespace qat {
namespace {

constexpr uintmax_t kWholeContents = 256u << 20;  // bytes; a second of work

void addText(Sha256& digest, const std::string& text) {
    const std::string framed = std::to_string(text.size()) + ":" + text;
    digest.update(std::as_bytes(std::span(framed)));
}

void addFile(Sha256& digest, const fs::path& path) {
    addText(digest, path.filename().string());
    std::error_code missing;
    const auto size = fs::file_size(path, missing);
    addText(digest, missing ? "none" : std::to_string(size));
    if (missing) return;
    readFilePieces(path, [&](std::span<const std::byte> piece) { digest.update(piece); });
}

uintmax_t bytesOf(const Dataset& data) {
    uintmax_t bytes = 0;
    std::error_code unreadable;
    for (int64_t i = 0; i < data.size(); ++i) {
        const auto size = fs::file_size(data.path(i), unreadable);
        if (!unreadable) bytes += size;
    }
    return bytes;
}

}  // namespace

DataDigest digestOf(const Dataset& data, const std::string& spec, const std::string& split) {
    Sha256 digest;
    if (isDrawn(spec)) {
        addText(digest, spec);
        addText(digest, split);
        return {"drawing", digest.hex()};
    }
    if (const std::vector<std::string> files = data.files(); !files.empty()) {
        for (const std::string& file : files) addFile(digest, file);
        return {"contents", digest.hex()};
    }
    const bool whole = bytesOf(data) <= kWholeContents;
    for (int64_t i = 0; i < data.size(); ++i) {
        const fs::path image = data.path(i);
        std::error_code unreadable;
        if (whole)
            addFile(digest, image);
        else
            addText(digest, image.filename().string() + " " + std::to_string(fs::file_size(image, unreadable)));
        addFile(digest, labelPathOf(image));
    }
    return {whole ? "contents" : "names, sizes and labels", digest.hex()};
}

std::vector<FileDigest> artifactsOf(const fs::path& runFolder) {
    static const std::set<std::string> kLeftOut{run_files::kEvents,     run_files::kSummary,  run_files::kReport,
                                                run_files::kCheckpoint, run_files::kPreviews, run_files::kTensorboard};
    std::vector<FileDigest> files;
    std::error_code gone;  // whoever writes into the folder next says what is wrong with it
    for (auto entry = fs::recursive_directory_iterator(runFolder, gone);
         !gone && entry != fs::recursive_directory_iterator(); entry.increment(gone)) {
        const fs::path relative = entry->path().lexically_relative(runFolder);
        if (kLeftOut.contains(relative.string()))
            entry.disable_recursion_pending();
        else if (entry->is_regular_file(gone) && !isHalfWritten(relative) && !isLockFile(relative)) {
            int64_t bytes = 0;
            Sha256 digest;
            readFilePieces(entry->path(), [&](std::span<const std::byte> piece) {
                bytes += static_cast<int64_t>(piece.size());
                digest.update(piece);
            });
            files.push_back({relative.generic_string(), bytes, digest.hex()});
        }
    }
    std::ranges::sort(files, {}, &FileDigest::path);
    return files;
}

std::vector<std::pair<std::string, std::string>> versions() {
    return {
        {"qatelier", QATELIER_VERSION}, {"libtorch", TORCH_VERSION}, {"opencv", CV_VERSION}, {"compiler", __VERSION__}};
}

}  // namespace qat
