// The forms of data.path: a file or folder, drawn pictures, or a known set of classified pictures and its folder.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace qat {

// Sets that are kept as their authors distribute them, of pictures of 32 or 28 pixels.
inline constexpr std::array<std::string_view, 4> kClassSets{"cifar10", "cifar100", "mnist", "fashion_mnist"};
inline constexpr int kClassSetSide = 32;  // of the network's input, unless somebody says otherwise

struct NamedSet {
    std::string name, folder;
};

// cifar10:FOLDER; none for other forms.
std::optional<NamedSet> namedSet(std::string_view spec);

// "shapes" or "shapes:...": nothing on the disk.
bool isDrawn(std::string_view spec);

// The same data with the path in it changed; drawn pictures have none.
std::string withDataPath(const std::string& spec, const std::function<std::string(const std::string&)>& changed);

struct Config;

// The size of a set's pictures, or else the one that the network is made for, where nobody states another one.
void settleImageSize(Config& config);

// The path in it; empty of drawn pictures.
std::string dataPathOf(const std::string& spec);

}  // namespace qat
