// Opening, then the choice of classes.
#include "session/data_source.h"

#include "base/error.h"
#include "data/chosen_classes.h"

namespace qat {

void requireForm(const DataConfig& config, LabelKind kind) {
    require(!config.rect || kind == LabelKind::Boxes, ErrorKind::BadInput,
            "data.rect: pictures of one class each are cut to squares, so there are no rectangles to validate on");
}

std::shared_ptr<const Dataset> openSplit(const DataConfig& config, const std::string& split, LabelKind kind) {
    requireForm(config, kind);
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
