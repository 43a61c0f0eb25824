// What a pickled network says about one of its modules.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace qat {

// Attributes whose names start with an underscore, and `training`, are left out. Numbers are finite.
struct StoredModule {
    std::string path;                       // in the names of tensors: model.0.conv; "" of the network itself
    std::string className;                  // torch.nn.modules.activation.SiLU
    std::map<std::string, double> numbers;  // eps, groups, i, reg_max; true is 1, false is 0
    std::map<std::string, std::vector<double>> lists;  // tuples, lists and small tensors, flattened: 1 to 1000 numbers
    std::map<std::string, std::string> texts;          // at most 200 bytes of UTF-8: mode, padding_mode

    bool operator==(const StoredModule&) const = default;
};

}  // namespace qat
