// The formats that this version writes: one row for each, after one preparation of the model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/export_formats.h"
#include "graph/graph.h"
#include "passes/pipeline.h"
#include "quant/placement_lint.h"

namespace qat {

struct ExportSource {
    const Graph& stored;    // as it was trained
    const Graph& prepared;  // by prepareForExport()
    const ExportConfig& options;
};

struct WrittenFile {
    int64_t bytes = 0;
    std::vector<std::string> notes{};  // what was written otherwise than one would expect, a sentence each
    std::string contents{};            // what it holds, for people: 63 quantized layers, ...
};

struct Exporter {
    std::string_view key;            // of kExportFormats
    std::optional<Runtime> runtime;  // that files are checked in; its refusals are told before a run trains
    std::vector<std::string> (*issues)(const ExportSource& source);  // what it cannot express, a sentence each
    // Replaces the file atomically. Throws Error: Unsupported (what issues() lists), Io.
    WrittenFile (*write)(const ExportSource& source, const std::filesystem::path& file);

    const ExportFormat& format() const;
};

// In the order of kExportFormats, one for each format that has a file.
std::span<const Exporter> exporters();

// null for a format that this version does not write.
const Exporter* findExporter(std::string_view key);

// Throws Error: Unsupported (a format that this version does not write), BadInput (two formats in one file).
std::vector<const Exporter*> exportersOf(std::span<const std::string> formats);

// Runtimes that files of these formats are checked in, each once; names of other formats are passed over.
std::vector<Runtime> runtimesOf(std::span<const std::string> formats);

// Asks every exporter before anything is written. Throws Error{Unsupported} with everything that cannot be expressed.
void requireExpressible(std::span<const Exporter* const> exporters, const ExportSource& source);

// The graph that files for other programs are written from: a copy with its canonical quantizers, batch norms folded,
// parallel convolutions merged, with what files give (file_output.h), and shapes known for one image of imgsz x imgsz.
// results: what the passes did, for who wants to know. Throws Error{Unsupported} for an output that it has not.
Graph prepareForExport(const Graph& model, int imgsz, PassResults* results = nullptr,
                       ExportOutput output = ExportOutput::Decoded);

}  // namespace qat
