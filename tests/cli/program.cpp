// Processes over POSIX calls.
#include "cli/program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace qat::test {
namespace {

std::string contents(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void redirect(const std::filesystem::path& path, int descriptor) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(file, descriptor);
    ::close(file);
}

}  // namespace

Program::Program(std::vector<std::string> arguments) {
    std::string pattern = (std::filesystem::temp_directory_path() / "qatelier-cli-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("cannot make a scratch folder");
    m_output = pattern;
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    m_pid = ::fork();
    if (m_pid < 0) throw std::runtime_error("cannot fork");
    if (m_pid > 0) return;
    redirect(m_output / "out", STDOUT_FILENO);
    redirect(m_output / "err", STDERR_FILENO);
    ::execv(words[0], words.data());
    ::_exit(127);
}

Program::~Program() {
    if (running()) {
        ::kill(m_pid, SIGKILL);
        ::waitpid(m_pid, &m_status, 0);
    }
    std::error_code ignored;
    std::filesystem::remove_all(m_output, ignored);
}

void Program::signal(int number) const {
    if (m_pid > 0) ::kill(m_pid, number);
}

bool Program::running() {
    if (m_pid < 0) return false;
    if (::waitpid(m_pid, &m_status, WNOHANG) == 0) return true;
    m_pid = -1;
    return false;
}

Ended Program::wait() {
    if (m_pid > 0) ::waitpid(m_pid, &m_status, 0);
    m_pid = -1;
    const int status = WIFSIGNALED(m_status) ? 128 + WTERMSIG(m_status) : WEXITSTATUS(m_status);
    return {status, contents(m_output / "out"), contents(m_output / "err")};
}

bool Program::runUntil(const std::function<bool()>& condition) {
    while (!condition()) {
        if (!running()) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

Ended runProgram(std::vector<std::string> arguments) {
    return Program(std::move(arguments)).wait();
}

Ended cli(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), QATELIER_CLI);
    return runProgram(std::move(arguments));
}

}  // namespace qat::test
