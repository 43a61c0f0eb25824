// What commands share: settings from the command line, JSON files, progress on a terminal.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/events.h"

namespace qat::cli {

// To the file, or to standard output for "-"; nothing for "".
void writeJson(const std::string& file, const nlohmann::ordered_json& json);

// ": a, b, c", cut where it would run on: the first few and the last.
std::string listed(const std::vector<std::string>& names);

inline constexpr const char* kImageSizeHelp =
    "Side of the input, pixels, 32 to 4096; without it 640, of a classifier that of the pictures it is made for";

// The side that --imgsz is taken for (config/image_size.h), with a notice on standard error if it is another one.
// Throws Error{BadInput}.
int imageSizeOption(int asked);

// Settings of --set, key.path=value each. Throws Error{BadInput}.
std::vector<std::pair<std::string, std::string>> parseSettings(const std::vector<std::string>& settings);

// Stages, progress and notable scalars as lines on standard error.
class ConsoleSink final : public EventSink {
public:
    void stageBegun(std::string_view stage) override;
    void stageEnded(std::string_view stage, double seconds) override;
    void progress(std::string_view stage, int64_t done, int64_t total) override;
    void scalar(std::string_view, double, double) override {}
    void layer(const LayerRow&) override {}
    void image(const ImageRow&) override {}
    void log(LogLevel level, std::string_view source, std::string_view text) override;

private:
    void clearProgress();
    int64_t m_lastPercent = -1;
    bool m_progressShown = false;
};

}  // namespace qat::cli
