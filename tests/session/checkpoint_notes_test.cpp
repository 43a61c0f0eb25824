// What is said about checkpoints: ranges that are left, activations that weights do not tell, entries without a use.
#include "session/checkpoint_notes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "export/weights_file.h"
#include "import/checkpoint.h"
#include "models/family.h"
#include "session/inspect.h"
#include "session/model_source.h"
#include "support/assets.h"

namespace qat::test {
namespace {

// The weights of a member as any program would store them.
Checkpoint weightsAlone(const char* name) {
    const FamilyMember member = *memberNamed(name);
    Random random(1);
    Checkpoint weights;
    for (const auto& [entry, tensor] : stateDict(buildMember({member.family, {member.spec.variant, 2}}, &random)))
        weights.tensors.push_back({entry, tensor, "float32"});
    return weights;
}

std::vector<std::string> notesOf(const Checkpoint& checkpoint) {
    const ScratchFolder scratch;
    writeCheckpoint(scratch.path() / "w.safetensors", checkpoint);
    return noticesOf(openModel(scratch.path() / "w.safetensors"));
}

bool anyHolds(const std::vector<std::string>& notes, const std::string& part) {
    return std::ranges::any_of(notes, [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

TEST(CheckpointNotes, WeightsAloneDoNotTellTheActivationBeforeThePoolings) {
    for (const auto& [name, conv] : {std::pair("yolov8n", "model.9.cv1"), std::pair("yolov5nu", "model.9.cv1")}) {
        const std::vector<std::string> notes = notesOf(weightsAlone(name));
        ASSERT_EQ(notes.size(), 1u) << name;
        EXPECT_NE(notes[0].find(conv), std::string::npos) << notes[0];
        EXPECT_NE(notes[0].find("one is taken"), std::string::npos) << notes[0];
    }
    for (const char* name : {"yolo26n", "yolo12n", "yolov9t"}) EXPECT_TRUE(notesOf(weightsAlone(name)).empty()) << name;
    Checkpoint pickled = weightsAlone("yolov8n");
    pickled.modules = {{"model.9.cv1.act", "torch.nn.modules.activation.SiLU", {}, {}, {}}};
    EXPECT_TRUE(notesOf(pickled).empty()) << "its modules say it";
    EXPECT_TRUE(noticesOf(openModel(kBundledModel)).empty());
}

TEST(CheckpointNotes, RangesAndNotesOfTheFileAreToldByInspect) {
    Checkpoint checkpoint = weightsAlone("yolo26n");
    checkpoint.ranges = {{"model.0.conv", "input", {1.5}, 8}, {"model.0.conv", "weight", {0.5}, 8}};
    checkpoint.notes = {"something was left"};
    const ScratchFolder scratch;
    writeCheckpoint(scratch.path() / "w.safetensors", checkpoint);
    const std::vector<std::string> notes = describeModel(scratch.path() / "w.safetensors", 64).notes;
    ASSERT_EQ(notes.size(), 2u);
    EXPECT_EQ(notes[0], "something was left");
    EXPECT_EQ(notes[1],
              "it holds 2 ranges of quantizers that were calibrated elsewhere (model.0.conv input, ...), which are "
              "left: calibration is done anew");
}

TEST(CheckpointNotes, EntriesWithoutAUseAreCounted) {
    EXPECT_EQ(ignoredSentence({}), "");
    EXPECT_EQ(ignoredSentence({"a"}), "entry a is not used");
    EXPECT_EQ(ignoredSentence({"a", "b"}), "2 entries are not used: a, b");
    EXPECT_EQ(ignoredSentence({"a", "b", "c", "d"}), "4 entries are not used: a, b, c, ...");
    Checkpoint checkpoint = weightsAlone("yolo26n");
    for (const char* name : {"extra.a", "extra.b"})
        checkpoint.tensors.push_back({name, checkpoint.tensors.front().tensor, "float32"});
    EXPECT_TRUE(anyHolds(notesOf(checkpoint), "2 entries are not used: extra.a, extra.b"));
}

}  // namespace
}  // namespace qat::test
