// Reading the assets into graphs and tensors.
#include "models/trained.h"

#include <ATen/ATen.h>

#include "import/checkpoint.h"
#include "models/weights.h"
#include "models/yolov8.h"
#include "support/assets.h"

namespace qat::test {

Graph trainedYolov8n(const std::filesystem::path& assets) {
    const std::filesystem::path file = assets / "models" / "yolov8n.pt";
    Random random(0);
    Graph graph = buildYolov8("n", 80, random);
    NamedTensors tensors;
    for (const NamedTensor& tensor : readCheckpoint(file).tensors) tensors.emplace_back(tensor.name, tensor.tensor);
    loadWeights(graph, tensors, file.string());
    return graph;
}

at::Tensor readNpyTensor(const std::filesystem::path& file) {
    NpyArray array = readNpy(file);
    return at::from_blob(array.values.data(), array.shape, at::kFloat).clone();
}

at::Tensor goldenInput(const std::filesystem::path& assets, const std::string& image) {
    return readNpyTensor(assets / "goldens" / "yolov8n" / "raw" / (image + "_640_input_u8.npy")) / 255.0;
}

}  // namespace qat::test
