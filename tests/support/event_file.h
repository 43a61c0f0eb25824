// events.jsonl as the program writes it, for run folders that nobody ran: the lines come from the program's own writer.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "runs/event.h"

namespace qat::test {

class EventFile {
public:
    // Appends to the folder's file.
    explicit EventFile(const std::filesystem::path& folder);

    double t = 0;  // seconds since the sitting began, of what is added next
    void add(const RunEvent& event);
    void begin(std::string_view stage);
    void end(std::string_view stage, double seconds);
    void progress(std::string_view stage, int64_t done, int64_t total);
    void scalar(std::string_view series, double x, double value);
    void log(LogLevel level, const std::string& source, const std::string& text);
    // Bytes as they are, no line end added: what a killed or damaged writer leaves.
    void raw(const std::string& bytes);

private:
    std::ofstream m_file;
};

}  // namespace qat::test
