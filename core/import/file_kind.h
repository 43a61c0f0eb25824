// What a file is that people take for a checkpoint, told by its contents.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace qat {

// Which files models are read from, as the end of a sentence.
inline constexpr const char* kReadableFiles =
    "models are read from PyTorch checkpoints (.pt, .pth, .th) and safetensors files";

// "it is an ONNX file", for formats of networks and for what downloads and slips leave behind; "it is neither a
// PyTorch nor a safetensors checkpoint" for anything else. Never throws: looks only where the bytes are.
std::string kindOf(std::span<const std::byte> file);

// The same of a zip archive by the names of its entries; empty if it may be a checkpoint.
std::string kindOfZip(std::span<const std::byte> file);

}  // namespace qat
