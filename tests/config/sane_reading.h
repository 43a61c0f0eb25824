// What must hold for any text that is read as a configuration; shared by random tests, the corpus and the fuzzer.
#pragma once

#include <string>

namespace qat::test {

// Reads the text, and if it is valid writes and reads it again and edits it. "" if all is as it should be, else what is
// not.
std::string problemOfReading(const std::string& text);

}  // namespace qat::test
