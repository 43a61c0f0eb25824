// The passes over a graph in their one order. Who needs a graph in another form says which passes he wants; where each
// stands, and why, is said here alone.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "passes/equalize.h"
#include "passes/lower_integers.h"

namespace qat {

enum class PassId : uint8_t {
    MergeCorrections = 1,        // foldKeptAffines()
    CanonicalizeQuantizers = 2,  // canonicalizeQuantizers()
    FoldBatchNorms = 4,          // foldBatchNorm()
    EqualizeLayers = 8,          // equalizeLayers()
    LowerToIntegers = 16,        // lowerToIntegers()
    DropOtherHead = 32,          // dropOtherHead()
    MergeParallelConvs = 64,     // mergeParallelConvs()
};

class PassSet {
public:
    constexpr PassSet() = default;
    constexpr PassSet(PassId pass) : m_bits(static_cast<uint8_t>(pass)) {}
    constexpr PassSet operator|(PassSet other) const { return PassSet(m_bits | other.m_bits); }
    constexpr bool contains(PassId pass) const { return (m_bits & static_cast<uint8_t>(pass)) != 0; }

private:
    constexpr explicit PassSet(int bits) : m_bits(static_cast<uint8_t>(bits)) {}
    uint8_t m_bits = 0;
};

constexpr PassSet operator|(PassId a, PassId b) {
    return PassSet(a) | b;
}

// What makes one layer of those that are one at deployment.
inline constexpr PassSet kFusingPasses = PassId::FoldBatchNorms | PassId::MergeParallelConvs;
// The form that files for other programs are written from.
inline constexpr PassSet kFilePasses = PassId::DropOtherHead | PassId::CanonicalizeQuantizers | kFusingPasses;
// The form in which a model is measured and used.
inline constexpr PassSet kInferencePasses = kFilePasses | PassId::LowerToIntegers;

struct PassRun {
    std::string_view pass;
    int64_t changes = 0;  // places that were rewritten
    double seconds = 0;
};

struct PassResults {
    std::vector<PassRun> runs;  // of the wanted passes, in order
    Equalization equalization;  // of EqualizeLayers
    CodeValues codes;           // of LowerToIntegers

    // 0 where the pass was not wanted.
    int64_t changesOf(PassId pass) const;
};

// One pass: what it is called, and the reason for its place.
struct Pass {
    PassId id;
    std::string_view name, place;
    int64_t (*run)(Graph& graph, PassResults& results);  // returns how many places it rewrote
};

std::span<const Pass> passes();

// Runs the wanted passes in their order and verifies the graph after each. Throws what a pass throws, and
// Error{Internal} naming the pass that leaves an unsound graph.
PassResults runPasses(Graph& graph, PassSet wanted);

// A copy that computes on integers where it can, batch norms left as they are. codes: as of lowerToIntegers().
Graph integerForm(const Graph& graph, CodeValues* codes = nullptr);

// A copy in the form of kInferencePasses. Where a batch norm cannot be folded into a quantized weight everything stays
// as it is, in float.
Graph inferenceForm(const Graph& graph);

}  // namespace qat
