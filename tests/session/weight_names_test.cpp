// Weight files carry the names of torch's state_dict, so that other programs take them.
#include <gtest/gtest.h>

#include <set>

#include "import/checkpoint.h"
#include "models/weights.h"
#include "models/yolov8.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

class WeightNames : public testing::Test {
protected:
    const ScratchFolder scratch;
    SmallJob job{scratch.path()};

    WeightNames() {
        job.set("analysis.enabled", "false").set("analysis.preview_images", "0").set("export.formats", "[]");
    }

    // Of a YOLOv8n in training.
    static std::set<std::string> torchs() {
        std::set<std::string> names;
        for (const auto& [name, tensor] : stateDict(buildYolov8("n", 6))) names.insert(name);
        return names;
    }
    std::set<std::string> stored(const char* file) const {
        std::set<std::string> names;
        for (const NamedTensor& entry : readCheckpoint(job.folder() / "weights" / file).tensors)
            names.insert(entry.name);
        return names;
    }
};

TEST_F(WeightNames, OfAFloatModelAreTorchs) {
    job.set("train_params.quantize", "false").run();
    for (const char* file : {"best.safetensors", "last.safetensors", "final.safetensors"})
        EXPECT_EQ(stored(file), torchs()) << file;
    EXPECT_TRUE(torchs().contains("model.0.conv.weight") && torchs().contains("model.22.cv3.0.2.bias"));
}

TEST_F(WeightNames, OfAQuantizedModelAreThoseAndItsGrids) {
    job.set("qat_params.fuse_modules", "false").run();
    for (const char* file : {"best.safetensors", "last.safetensors", "final.safetensors"}) {
        std::set<std::string> names = stored(file);
        std::erase_if(
            names, [](const std::string& name) { return name.ends_with(".scale") || name.ends_with(".zero_point"); });
        EXPECT_EQ(names, torchs()) << file;
    }
}

}  // namespace
}  // namespace qat::test
