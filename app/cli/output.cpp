// Console output.
#include "cli/output.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "config/image_size.h"

namespace qat::cli {

void writeJson(const std::string& file, const nlohmann::ordered_json& json) {
    if (file.empty()) return;
    const std::string text = jsonText(json, 2) + "\n";
    if (file == "-")
        std::cout << text;
    else
        writeFileAtomic(file, text);
}

std::string listed(const std::vector<std::string>& names) {
    constexpr size_t kMost = 6;
    std::string text;
    for (size_t i = 0; i < std::min(names.size(), kMost); ++i) text += (i ? ", " : ": ") + names[i];
    return names.size() > kMost ? str(text, ", ... ", names.back()) : text;
}

int imageSizeOption(int asked) {
    const ImageSize size = fittingImageSize(asked, "--imgsz");
    if (!size.notice.empty()) std::cerr << "note: " << size.notice << "\n";
    return size.pixels;
}

std::vector<std::pair<std::string, std::string>> parseSettings(const std::vector<std::string>& settings) {
    std::vector<std::pair<std::string, std::string>> parsed;
    for (const std::string& setting : settings) {
        const size_t equals = setting.find('=');
        require(equals != std::string::npos && equals > 0, ErrorKind::BadInput, "--set ", setting,
                ": expected key.path=value");
        parsed.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
    }
    return parsed;
}

void ConsoleSink::clearProgress() {
    if (m_progressShown) std::fputs("\r\033[K", stderr);
    m_progressShown = false;
    m_lastPercent = -1;
}

void ConsoleSink::stageBegun(std::string_view stage) {
    clearProgress();
    std::fprintf(stderr, "[%s]\n", std::string(stage).c_str());
}

void ConsoleSink::stageEnded(std::string_view stage, double seconds) {
    clearProgress();
    std::fprintf(stderr, "[%s] %.1f s\n", std::string(stage).c_str(), seconds);
}

void ConsoleSink::progress(std::string_view stage, int64_t done, int64_t total) {
    const int64_t percent = total > 0 ? done * 100 / total : 0;
    if (percent == m_lastPercent || !isatty(STDERR_FILENO)) return;
    m_lastPercent = percent;
    m_progressShown = true;
    std::fprintf(stderr, "\r\033[K  %s %lld of %lld, %lld %%", std::string(stage).c_str(), static_cast<long long>(done),
                 static_cast<long long>(total), static_cast<long long>(percent));
}

void ConsoleSink::log(LogLevel level, std::string_view source, std::string_view text) {
    if (level == LogLevel::Debug) return;
    clearProgress();
    const char* mark = level == LogLevel::Warning ? "warning: " : level == LogLevel::Error ? "error: " : "";
    std::fprintf(stderr, "  %s: %s%s\n", std::string(source).c_str(), mark, std::string(text).c_str());
}

}  // namespace qat::cli
