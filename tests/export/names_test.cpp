// Names and quoting inside ONNX files.
#include <gtest/gtest.h>

#include "export/onnx_names.h"

namespace qat {
namespace {

TEST(OnnxNames, ModulePathsBecomeScopesLikeThoseOfTheUsualExporter) {
    EXPECT_EQ(onnxScope("model.0.conv"), "/model.0/conv");
    EXPECT_EQ(onnxScope("model.2.m.0.cv1.conv"), "/model.2/m.0/cv1/conv");
    EXPECT_EQ(onnxScope("model.22.cv2.0.0.conv"), "/model.22/cv2.0/cv2.0.0/conv");
    EXPECT_EQ(onnxScope("model.22.cv2.0.2"), "/model.22/cv2.0/cv2.0.2");
    EXPECT_EQ(onnxScope("7"), "/7");
    EXPECT_EQ(onnxScope(""), "/");
}

TEST(OnnxNames, ClassNamesAreQuotedSoThatTheyReadBack) {
    EXPECT_EQ(quotedText("disc"), "'disc'");
    EXPECT_EQ(quotedText("driver's cab"), "\"driver's cab\"");
    EXPECT_EQ(quotedText("a'b\"c"), "'a\\'b\"c'");
    EXPECT_EQ(quotedText("back\\slash"), "'back\\\\slash'");
    EXPECT_EQ(quotedText("two\nlines"), "'two\\nlines'");
}

}  // namespace
}  // namespace qat
