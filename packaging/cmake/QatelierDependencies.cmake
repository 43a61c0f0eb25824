# Outside libraries, found once, with names that do not depend on how each is packaged.
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(Torch REQUIRED)  # of CMAKE_PREFIX_PATH where that has one, else the distribution's
include(QatelierLibtorch)
find_package(OpenCV REQUIRED COMPONENTS core imgproc imgcodecs)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(TIFF REQUIRED)
find_package(ZLIB REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
# Abseil's pkg-config file (Debian 13) defines NOMINMAX, for Windows; it would part users of RE2 from the precompiled header.
set_property(TARGET PkgConfig::RE2 PROPERTY INTERFACE_COMPILE_OPTIONS "")
find_package(Protobuf REQUIRED)

# Without OpenMP switched on in our own files, at::parallel_for in them runs on one thread, and says nothing.
add_library(qat_torch INTERFACE)
target_link_libraries(qat_torch INTERFACE ${TORCH_LIBRARIES} OpenMP::OpenMP_CXX)
target_include_directories(qat_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})

# oneDNN's own CMake files ask for OpenCL's headers, which we do not use.
find_library(QATELIER_DNNL_LIBRARY dnnl REQUIRED)
find_path(QATELIER_DNNL_INCLUDE dnnl.hpp REQUIRED)
add_library(qat_dnnl INTERFACE)
target_link_libraries(qat_dnnl INTERFACE ${QATELIER_DNNL_LIBRARY})
target_include_directories(qat_dnnl SYSTEM INTERFACE ${QATELIER_DNNL_INCLUDE})

add_library(qat_opencv INTERFACE)
target_link_libraries(qat_opencv INTERFACE opencv_core opencv_imgproc opencv_imgcodecs)
target_include_directories(qat_opencv SYSTEM INTERFACE ${OpenCV_INCLUDE_DIRS})

# The libraries that OpenCV itself decodes with, for what it does not let through: their errors and warnings.
add_library(qat_codecs INTERFACE)
target_link_libraries(qat_codecs INTERFACE JPEG::JPEG PNG::PNG TIFF::TIFF ZLIB::ZLIB)

# One precompiled ATen for the whole project: 4 s a file otherwise.
add_library(qat_tensor_pch STATIC ${CMAKE_SOURCE_DIR}/packaging/cmake/tensor_pch.cpp)
target_link_libraries(qat_tensor_pch PUBLIC qat_options qat_torch)
target_link_libraries(qat_tensor_pch PRIVATE qat_warnings)
target_compile_options(qat_tensor_pch PRIVATE -fpch-preprocess)
target_precompile_headers(qat_tensor_pch PRIVATE <ATen/ATen.h> <ATen/Parallel.h> <torch/csrc/autograd/custom_function.h>
                          <torch/csrc/autograd/autograd.h> <algorithm> <array> <chrono> <cmath> <filesystem>
                          <fstream> <functional> <map> <memory> <optional> <ranges> <set> <span> <sstream> <string>
                          <variant> <vector> <nlohmann/json.hpp>)
