// Starting qatelier-cli, waiting for it, and stopping it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace qat::test {

struct Ended {
    int status = -1;  // exit status, or 128 + the signal that killed it
    std::string out, err;
};

// A started program; its output is kept until it ends. The destructor kills what still runs.
class Program {
public:
    explicit Program(std::vector<std::string> arguments);
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    void signal(int number) const;
    bool running();
    Ended wait();
    // Polls until the condition holds; false if the program ended first.
    bool runUntil(const std::function<bool()>& condition);

private:
    std::filesystem::path m_output;  // scratch folder
    pid_t m_pid = -1;
    int m_status = 0;
};

// qatelier-cli with these arguments, to its end.
Ended cli(std::vector<std::string> arguments);

// Any program with these arguments, to its end.
Ended runProgram(std::vector<std::string> arguments);

}  // namespace qat::test
