#include "session/table_job.h"

#include "base/files.h"

namespace qat::test {

std::string smallTable(const std::string& row, bool coarser) {
    return "nc: 80\nscales:\n  s: [0.5, 0.5, 64]\n  n: [0.5, 0.25, 64]\nbackbone:\n"
           "  - [-1, 1, Conv, [32, 3, 2]]\n  - [-1, 1, Conv, [32, 3, 2]]\n  - " +
           row +
           "\n  - [-1, 1, Conv, [64, 3, 2]]\n  - [-1, 1, C2f, [64, True]]\n  - [-1, 1, Conv, [64, 3, 2]]\n"
           "  - [-1, 1, SPPF, [64, 5]]\nhead:\n"
           "  - [-1, 1, nn.Upsample, [None, 2, nearest]]\n  - [[-1, 4], 1, Concat, [1]]\n"
           "  - [-1, 2, C2f, [64]]\n" +
           (coarser ? std::string("  - [6, 1, Conv, [64, 5, 4]]\n  - [[9, 6, 10], 1, Detect, [nc]]\n")
                    : std::string("  - [[9, 6], 1, Detect, [nc]]\n"));
}

TableJob::TableJob(const std::filesystem::path& folder, const std::string& table)
    : SmallJob(folder), file(folder / "small.yaml") {
    if (!std::filesystem::exists(file)) writeFileAtomic(file, table);
    set("model.architecture", file.string()).set("model.pretrained_path", "");
}

}  // namespace qat::test
