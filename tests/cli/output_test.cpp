// Where the JSON of a command goes, and what every command says of a model's file.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "cli/program.h"
#include "import/checkpoint.h"
#include "support/assets.h"

namespace qat::test {
namespace {

using nlohmann::json;

class Output : public testing::Test {
protected:
    const ScratchFolder scratch;
    std::string path(const std::string& name) const { return (scratch.path() / name).string(); }
};

TEST_F(Output, JsonOnStandardOutputIsAloneThereByEveryName) {
    const json wanted = json::parse(cli({"inspect", "yolov8n", "--json", "-"}).out);
    for (const char* name : {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"}) {
        const Ended ended = cli({"inspect", "yolov8n", "--json", name});
        EXPECT_EQ(ended.status, 0) << ended.err;
        EXPECT_EQ(json::parse(ended.out, nullptr, false), wanted) << name;
    }
    EXPECT_TRUE(std::filesystem::is_symlink("/dev/stdout"));
    const Ended device = cli({"inspect", "yolov8n", "--json", "/dev/null"});
    EXPECT_EQ(device.err, "qatelier-cli: cannot write /dev/null: it is not a regular file\n");
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(Output, ALinkOfOnesOwnStaysWhereItIs) {
    std::filesystem::create_directories(path("disk"));
    writeFileAtomic(path("disk/i.json"), "old");
    std::filesystem::create_symlink("disk/i.json", path("link.json"));
    EXPECT_EQ(cli({"inspect", "yolov8n", "--json", path("link.json")}).status, 0);
    EXPECT_TRUE(std::filesystem::is_symlink(path("link.json")));
    EXPECT_TRUE(readJson(path("disk/i.json")).contains("layers"));
}

// A run logs it; so do the others.
TEST_F(Output, EntriesThatAreNotUsedAreSaid) {
    Checkpoint model =
        readCheckpoint(std::filesystem::path(QATELIER_SOURCE_RESOURCES) / "demo/yolov8n-shapes.safetensors");
    NamedTensor extra = model.tensors.front();
    extra.name = "extra.weight";
    model.tensors.push_back(extra);
    writeCheckpoint(path("m.safetensors"), model);
    const std::string warning = "warning: " + path("m.safetensors") + ": entry extra.weight is not used\n";
    for (const std::vector<std::string>& words : {std::vector<std::string>{"inspect", path("m.safetensors")},
                                                  {"val", path("m.safetensors"), "--data", "shapes:val=1,size=64"},
                                                  {"predict", path("m.safetensors"), "shapes:val=1,size=64"}}) {
        std::vector<std::string> all = words;
        all.insert(all.end(), {"--imgsz", "64"});
        const Ended ended = cli(all);
        EXPECT_EQ(ended.status, 0) << ended.err;
        EXPECT_EQ(ended.err, warning) << words.front();
    }
}

}  // namespace
}  // namespace qat::test
