// Classes of a data set and of a model brought together by their names.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace qat {

// Names by number, and whose they are: a path or a word, for messages. No names: nobody named the classes.
struct ClassList {
    std::vector<std::string> names;
    std::string owner;
};

// The class of `model` that each class of `data` is:
//   the same lists                                      number by number
//   every name of `data` is one of `model`'s            by name; case, spaces, '_' and '-' do not count
//   either has names that only count (0, class0,
//   class_0), or `data` has none                        number by number, if there are as many
// `counted`: names of `data` that matter, empty for all; another that the model lacks is -1. Throws Error{BadInput}
// naming the first class that the model lacks or that two classes answer to, or both counts.
std::vector<int32_t> matchClasses(const ClassList& data, const ClassList& model,
                                  const std::vector<std::string>& counted = {});

struct MatchedData {
    std::shared_ptr<const Dataset> data;  // labels carry the model's numbers, classNames() are `names`
    std::vector<std::string> names;       // of the model's outputs: its own, the data's if its own only count
    std::vector<std::string> notes;       // a sentence for whatever was not number by number, or not by name
};

// The same pictures with labels in the model's numbers. modelNames is as long as the model has classes. Throws as
// matchClasses(), and naming the picture if the data names no classes and a label is beyond the model's.
MatchedData inClassesOf(const ClassList& model, std::shared_ptr<const Dataset> data, const std::string& dataName,
                        const std::vector<std::string>& counted = {});

// Whether every name is its own number, with or without the word "class" before it.
bool onlyCount(const std::vector<std::string>& names);

}  // namespace qat
