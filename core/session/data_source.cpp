// Opening, then the choice of classes.
#include "session/data_source.h"

#include "base/error.h"
#include "data/chosen_classes.h"

namespace qat {

std::shared_ptr<const Dataset> openSplit(const DataConfig& config, const std::string& split, LabelKind kind) {
    auto data =
        openDataset(config.path, splitNamed(split), config.strict ? DataCheck::Strict : DataCheck::Lenient, kind);
    if (config.classes.empty()) return data;
    try {
        return keepClasses(std::move(data), config.classes);
    } catch (const Error& error) {
        fail(error.kind(), "data.classes: ", error.what());
    }
}

}  // namespace qat
