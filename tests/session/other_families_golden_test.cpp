// Real networks of other families than YOLOv8 against an independent forward pass: raw maps of every head, and boxes.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "run/executor.h"
#include "session/model_source.h"
#include "support/assets.h"

namespace qat {
namespace {

using json = nlohmann::json;

struct Network {
    const char *name, *file, *golden, *head;
    double tolerance;  // of sums, relative
};

std::ostream& operator<<(std::ostream& out, const Network& network) {
    return out << network.name;
}

class RealNetwork : public testing::TestWithParam<Network> {
protected:
    json golden;
    Graph graph;
    std::vector<at::Tensor> made;  // raw maps, decoded

    void SetUp() override {
        QAT_REQUIRE_ASSETS(assets);
        golden = test::readJson(assets / "goldens/rebuilt" / (std::string(GetParam().golden) + ".json"));
        graph = openModel(assets / "models" / GetParam().file).graph;
        if (*GetParam().head) deployHead(graph, GetParam().head);
        std::vector<std::string> outputs = graph.outputNames(OutputRole::RawHead);
        outputs.push_back(decodedOutput(graph));
        auto picture = test::readNpy(assets / "goldens/yolov8n/raw/000000000110_640_input_u8.npy");
        const at::Tensor input = at::from_blob(picture.values.data(), picture.shape, at::kFloat) / 255;
        made = Executor(graph, {.outputs = outputs}).run(input);
    }

    void expectAlike(const json& expected, const at::Tensor& map) const {
        const at::Tensor x = map.contiguous().to(at::kDouble);
        const double tolerance = GetParam().tolerance, size = expected["abs_sum"];
        EXPECT_EQ(json(x.sizes().vec()), expected["shape"]);
        EXPECT_NEAR(x.sum().item<double>(), expected["sum"].get<double>(), tolerance * size);
        EXPECT_NEAR(x.abs().sum().item<double>(), size, tolerance * size);
        EXPECT_NEAR(x.std(false).item<double>(), expected["std"].get<double>(), 1e-3);
        EXPECT_NEAR(x.min().item<double>(), expected["min"].get<double>(), 5e-3);
        EXPECT_NEAR(x.max().item<double>(), expected["max"].get<double>(), 5e-3);
        const auto first = expected["first"].get<std::vector<double>>();
        ASSERT_FALSE(first.empty());
        for (size_t i = 0; i < first.size(); ++i)
            EXPECT_NEAR(x.flatten()[static_cast<int64_t>(i)].item<double>(), first[i], 2e-3) << i;
    }
};

TEST_P(RealNetwork, GivesTheRawMapsOfTheReference) {
    const bool anchored = golden.contains("maps");
    const json& levels = anchored ? golden["maps"] : golden["heads"];
    ASSERT_EQ(levels.size() + 1, made.size());
    for (size_t level = 0; level < levels.size(); ++level) {
        if (anchored) {
            expectAlike(levels[level], made[level]);
            continue;
        }
        const int64_t sides = 4 * graph.info.regMax;
        expectAlike(levels[level]["box"], made[level].narrow(1, 0, sides));
        expectAlike(levels[level]["class"], made[level].narrow(1, sides, graph.info.numClasses));
    }
}

INSTANTIATE_TEST_SUITE_P(
    Families, RealNetwork,
    testing::Values(Network{"YOLO11n", "yolo11n_rebuilt.safetensors", "yolo11n", "", 1e-5},
                    Network{"YOLO26nOneToOne", "yolo26n_rebuilt.safetensors", "yolo26n_one2one", "", 1e-5},
                    Network{"YOLO26nOneToMany", "yolo26n_rebuilt.safetensors", "yolo26n_one2many", "one2many", 1e-5},
                    Network{"YOLOv5n", "yolov5n_coco.pt", "yolov5n_coco", "", 1e-5},
                    Network{"YOLOv9tBall", "yolov9t_ball.pt", "yolov9t_ball", "", 1e-4}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace qat
