// Configurations of classifiers as their own guide writes them: keys and words for what keys of the table say. They are
// brought to the table before anything reads them, so that a setting has one place, one check and one origin.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_io.h"
#include "config/yaml_tree.h"

namespace qat {

// What a text says with one of these keys.
struct OtherSpelling {
    size_t key = 0, value = 0;  // bytes in the text
    std::string path;           // training.epochs
    std::string own;            // train_params.epochs; "" where no key of the table says the same
    std::string meaning;        // a clause for people: "is train_params.epochs here"
};

// A whole sentence about a value that has no meaning here, or another one than it seems to.
struct OtherComplaint {
    Severity severity = Severity::Error;
    size_t offset = 0;
    std::string path, message;
};

struct OwnWords {
    YamlItem root;                         // the tree in the table's keys; values keep their places
    std::vector<OtherSpelling> spellings;  // in the order of the table below
    std::vector<OtherComplaint> complaints;
};

// A root that is no map, and one without such keys, come back as they are.
OwnWords inOwnWords(const YamlItem& root);

struct SpelledValue {
    std::string path, value;
};

// What has to change in a text so that a key of the table has the value: the key itself, the other one that says it,
// or, where that says more or cannot say the value, the same in the table's keys.
struct SpelledEdit {
    std::vector<std::string> removed;
    std::vector<SpelledValue> set;
};
SpelledEdit spelledEdit(const YamlItem& root, std::string_view path, std::string_view value);

// The other keys of a text that say a key of the table; none if it uses the table's own, or says nothing.
std::vector<std::string> spelledBy(const YamlItem& root, std::string_view path);

// --set training.epochs=3 in the table's words; none for other paths. Throws Error{BadInput} for a value without
// meaning, and for keys that say something only together with others.
std::optional<std::vector<SpelledValue>> ownSettings(std::string_view path, std::string_view value);

// Every such key with what it means, for the reference and for completion.
struct OtherKeyHelp {
    std::string path, own, meaning;
};
std::vector<OtherKeyHelp> otherKeys();

}  // namespace qat
