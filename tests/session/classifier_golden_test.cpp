// The published ResNet-20 for CIFAR-10 on real pictures.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "data/loader.h"
#include "run/executor.h"
#include "session/inspect.h"
#include "session/model_source.h"
#include "support/assets.h"

namespace qat::test {
namespace {

TEST(ClassifierGolden, IsRightIn160Of200Pictures) {
    QAT_REQUIRE_ASSETS(assets);
    const OpenedModel opened = openModel(assets / "models" / "resnet20-12fca82f.th");
    EXPECT_TRUE(noticesOf(opened).empty());
    LoaderOptions options;
    options.imgsz = 32, options.batch = 50, options.workers = 0;
    Loader loader(openDataset((assets / "cifar10_mini").string(), DataSplit::Test, DataCheck::Strict, LabelKind::Class),
                  options);
    Executor executor(opened.graph, {.outputs = {decodedOutput(opened.graph)}, .frozen = true});
    int64_t right = 0, all = 0;
    loader.startEpoch(0);
    while (const auto batch = loader.next()) {
        right += executor.run(batch->images).front().argmax(1).eq(batch->targets).sum().item<int64_t>();
        all += batch->targets.size(0);
    }
    EXPECT_EQ(all, 200);
    EXPECT_EQ(right, 160);
    const ModelDescription described = describeModel(assets / "models" / "resnet20-12fca82f.th", 0);
    EXPECT_EQ(described.architecture + described.variant, "resnet20");
    EXPECT_EQ(described.parameters, 269722);
    EXPECT_EQ(described.input, (std::vector<int64_t>{3, 32, 32})) << "its own size";
}

}  // namespace
}  // namespace qat::test
