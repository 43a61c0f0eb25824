// Batches of real pictures against the goldens: inputs, training targets, rectangular validation.
#include <ATen/ATen.h>

#include "base/sha256.h"
#include "data/loader.h"
#include "fixtures.h"
#include "support/assets.h"

namespace qat {
namespace {

// The pictures of a golden batch, in its order.
std::shared_ptr<const Dataset> listed(const fs::path& assets, const test::ScratchFolder& folder,
                                      const nlohmann::json& images) {
    std::string lines;
    for (const auto& image : images)
        lines += (assets / "coco128/images/train2017" / (image.at("name").get<std::string>() + ".jpg")).string() + "\n";
    test::writeText(folder.path() / "list.txt", lines);
    return openDataset((folder.path() / "list.txt").string(), DataSplit::Train);
}

TEST(LoaderAssets, InputsAndTargetsOfTheLossGoldens) {
    QAT_REQUIRE_ASSETS(assets);
    const test::ScratchFolder folder;
    const auto golden = test::readJson(assets / "goldens/yolov8n/loss.json");
    for (const auto& expected : golden.at("batches")) {
        const auto& images = expected.at("images");
        LoaderOptions options;
        options.letterbox = LetterboxMode::Predict;
        options.batch = static_cast<int>(images.size());
        Loader loader(listed(assets, folder, images), options);
        loader.startEpoch(0);
        const Batch batch = loader.next().value();
        for (size_t i = 0; i < images.size(); ++i) {
            const at::Tensor planes = batch.images[static_cast<int64_t>(i)].contiguous();
            const std::span values(planes.data_ptr<float>(), static_cast<size_t>(planes.numel()));
            EXPECT_EQ(sha256Hex(std::as_bytes(values)), images[i].at("input_sha256_f32_chw_rgb").get<std::string>());
            EXPECT_EQ(batch.info[i].padLeft, images[i].at("pad_left").get<float>());
            EXPECT_EQ(batch.info[i].padTop, images[i].at("pad_top").get<float>());
        }
        const auto& targets = expected.at("targets");
        ASSERT_EQ(batch.targets.size(0), static_cast<int64_t>(targets.size()));
        for (size_t row = 0; row < targets.size(); ++row)
            for (size_t column = 0; column < 6; ++column)
                EXPECT_NEAR(batch.targets[static_cast<int64_t>(row)][static_cast<int64_t>(column)].item<float>(),
                            targets[row][column].get<double>(), 1e-6)
                    << row << " " << column;
    }
}

TEST(LoaderAssets, RectangularBatchesMatchTheValidator) {
    QAT_REQUIRE_ASSETS(assets);
    const auto golden = test::readJson(assets / "goldens/yolov8n/val_rect.json");
    LoaderOptions options;
    options.rect = true;
    options.batch = golden.at("batch").get<int>();
    Loader loader(openDataset((assets / "coco128/data.yaml").string(), DataSplit::Val), options);
    loader.startEpoch(0);
    const auto& order = golden.at("order");
    size_t position = 0;
    while (const auto batch = loader.next())
        for (const ImageInfo& info : batch->info) {
            ASSERT_LT(position, order.size());
            const auto& expected = order[position];
            EXPECT_EQ(fs::path(info.path).stem().string(), expected.at("image").get<std::string>()) << position;
            EXPECT_EQ(batch->images.size(2), expected.at("input_height_width")[0].get<int64_t>()) << position;
            EXPECT_EQ(batch->images.size(3), expected.at("input_height_width")[1].get<int64_t>()) << position;
            EXPECT_EQ(info.labels.size(), expected.at("labels").get<size_t>()) << position;
            ++position;
        }
    EXPECT_EQ(position, order.size());
}

}  // namespace
}  // namespace qat
