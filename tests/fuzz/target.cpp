// The table of readers.
#include "fuzz/target.h"

#include <stdexcept>

namespace qat::test {

const std::vector<FuzzTarget>& fuzzTargets() {
    static const std::vector<FuzzTarget> targets{
        {"config", judgeConfig, configSeeds},
        {"pickle", judgePickle, pickleSeeds},
        {"zip", judgeZip, zipSeeds},
        {"torch_file", judgeTorchFile, torchFileSeeds},
        {"torch_tar", judgeTorchTar, torchTarSeeds},
        {"safetensors", judgeSafetensors, safetensorsSeeds},
        {"npy", judgeNpy, npySeeds},
        {"labels", judgeLabels, labelsSeeds},
        {"image_header", judgeImageHeader, imageHeaderSeeds},
        {"events", judgeEvents, eventsSeeds},
        {"layout", judgeLayout, layoutSeeds},
    };
    return targets;
}

const FuzzTarget& fuzzTarget(const std::string& name) {
    for (const FuzzTarget& target : fuzzTargets())
        if (target.name == name) return target;
    throw std::out_of_range("there is no fuzz target \"" + name + "\"");
}

}  // namespace qat::test
