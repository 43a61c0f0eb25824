// Readers of bytes from elsewhere, as random tests and the fuzzer call them: any bytes, one verdict.
#pragma once

#include <exception>
#include <string>
#include <vector>

#include "base/error.h"

namespace qat::test {

struct FuzzVerdict {
    bool read = false;    // false: refused
    std::string problem;  // what must not be: a wrong kind of error, a result that cannot be; "" if all is well
};

struct FuzzTarget {
    const char* name;
    FuzzVerdict (*judge)(const std::string& bytes);
    std::vector<std::string> (*seeds)();  // inputs to begin with, most of which can be read
};

// All of them; one file of this folder each.
const std::vector<FuzzTarget>& fuzzTargets();
// Throws std::out_of_range.
const FuzzTarget& fuzzTarget(const std::string& name);

FuzzVerdict judgeConfig(const std::string& bytes);
FuzzVerdict judgePickle(const std::string& bytes);
FuzzVerdict judgeZip(const std::string& bytes);
FuzzVerdict judgeTorchFile(const std::string& bytes);
FuzzVerdict judgeTorchTar(const std::string& bytes);
FuzzVerdict judgeSafetensors(const std::string& bytes);
FuzzVerdict judgeNpy(const std::string& bytes);
FuzzVerdict judgeLabels(const std::string& bytes);
FuzzVerdict judgeImageHeader(const std::string& bytes);
FuzzVerdict judgeEvents(const std::string& bytes);
FuzzVerdict judgeLayout(const std::string& bytes);
std::vector<std::string> configSeeds();
std::vector<std::string> pickleSeeds();
std::vector<std::string> zipSeeds();
std::vector<std::string> torchFileSeeds();
std::vector<std::string> torchTarSeeds();
std::vector<std::string> safetensorsSeeds();
std::vector<std::string> npySeeds();
std::vector<std::string> labelsSeeds();
std::vector<std::string> imageHeaderSeeds();
std::vector<std::string> eventsSeeds();
std::vector<std::string> layoutSeeds();

// The verdict on a reader that returns what is wrong with its result, or refuses by Error{BadInput}.
template <class Reader>
FuzzVerdict verdictOn(Reader reader) {
    try {
        return {true, reader()};
    } catch (const Error& error) {
        const bool sentence = error.kind() == ErrorKind::BadInput && *error.what() != '\0';
        return {false, sentence ? "" : str("another kind of error: ", error.what())};
    } catch (const std::exception& error) {
        return {false, str("no Error: ", error.what())};
    }
}

}  // namespace qat::test
