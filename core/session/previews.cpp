// Choosing and writing previews.
#include "session/previews.h"

#include <algorithm>
#include <map>
#include <opencv2/imgcodecs.hpp>

#include "base/error.h"
#include "base/files.h"

namespace qat {
namespace {

std::vector<Detection> visible(std::vector<Detection> detections, float weakest) {
    std::erase_if(detections, [&](const Detection& d) { return d.score < weakest; });
    return detections;
}

// Of a picture in a file of many, batch.bin[7], the number tells it from the others.
std::string fileName(const std::string& path) {
    const std::filesystem::path file(path);
    if (!path.ends_with(']')) return file.stem().string() + ".png";
    std::string name = file.filename().string();
    name.pop_back();
    if (const size_t number = name.rfind('['); number != std::string::npos) name[number] = '-';
    return name + ".png";
}

std::string writePreview(const RunFolder& folder, const Dataset& data, int64_t index) {
    const std::string name = fileName(data.path(index));
    const auto target = folder.previews() / name;
    if (!std::filesystem::exists(target)) {
        std::vector<uchar> png;
        require(cv::imencode(".png", data.read(index).image, png), ErrorKind::Io, "cannot encode ", target.string());
        writeFileAtomic(target, {reinterpret_cast<const char*>(png.data()), png.size()});
    }
    return "previews/" + name;
}

}  // namespace

std::vector<ImageRow> previewRows(const Task& task, const RunFolder& folder, const Dataset& data,
                                  const std::vector<ImageDetections>& fp32,
                                  const std::vector<ImageDetections>& quantized, const std::string& stage, int count) {
    std::map<std::string, const ImageDetections*> other;
    for (const ImageDetections& image : quantized) other[image.path] = &image;
    std::vector<std::pair<double, const ImageDetections*>> ranked;
    for (const ImageDetections& image : fp32)
        if (other.contains(image.path)) ranked.emplace_back(task.difference(image, *other.at(image.path)), &image);
    std::ranges::stable_sort(ranked, std::greater<>(), [](const auto& entry) { return entry.first; });
    if (ranked.size() > static_cast<size_t>(count)) ranked.resize(static_cast<size_t>(count));
    std::map<std::string, int64_t> indexOf;
    for (int64_t i = 0; i < data.size(); ++i) indexOf[data.path(i)] = i;
    std::vector<ImageRow> rows;
    for (const auto& [score, image] : ranked) {
        ImageRow row{image->path,
                     image->width,
                     image->height,
                     "",
                     stage,
                     visible(image->detections, task.weakestShown()),
                     visible(other.at(image->path)->detections, task.weakestShown()),
                     image->labels};
        const auto index = indexOf.find(image->path);
        if (!std::filesystem::exists(image->path) && index != indexOf.end())
            row.preview = writePreview(folder, data, index->second);
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace qat
