// Calls the checker and the shape inference of the onnx library.
#include "export/onnx_check.h"

#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include "base/error.h"

namespace qat {

void checkOnnx(onnx::ModelProto& model) {
    try {
        onnx::checker::check_model(model);
        const onnx::ShapeInferenceOptions strict(/*check_type=*/true, /*strict_mode=*/1, /*data_propagation=*/true);
        onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), strict);
    } catch (const std::exception& error) {
        fail(ErrorKind::Internal, "the ONNX checker refuses the model: ", error.what());
    }
}

}  // namespace qat
