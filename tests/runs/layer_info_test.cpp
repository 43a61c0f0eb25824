// layers.json: what was recorded comes back byte for byte, and damage is said.
#include "runs/layer_info.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "runs/folder.h"
#include "support/recorded_run.h"

namespace qat::test {
namespace {

TEST(Layers, TheRecordedFileComesBackByteForByte) {
    const std::string text = readFile(RunFolder{recordedRun()}.layers());
    const ReadLayers read = readLayers(text);
    EXPECT_GT(read.layers.size(), 60u);
    EXPECT_EQ(layersText(read.layers), text);
}

TEST(Layers, DamageIsSaidAndTheRestIsRead) {
    EXPECT_GT(readLayers("[{\"name\": ").damagedFrom, 0u);
    EXPECT_FALSE(readLayers("{}").isList);
    const ReadLayers read = readLayers(R"([3, {"name": 4}, {"name": "a", "macs": 7, "weight_shape": [1, 2]}])");
    EXPECT_EQ(read.nameless, 2u);
    ASSERT_EQ(read.layers.size(), 1u);
    EXPECT_EQ(read.layers[0].macs, 7);
    EXPECT_EQ(read.layers[0].weightShape, (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(read.layers[0].weightBits, 0) << "not told";
}

}  // namespace
}  // namespace qat::test
