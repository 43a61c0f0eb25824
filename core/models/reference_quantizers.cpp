// By what a node is, in one walk.
#include "models/reference_quantizers.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "config/architectures.h"

namespace qat {
namespace {

constexpr int64_t kPictureBits = 8, kOuterBits = 8;

// Whether the first layer, which reads pictures, and the last one, from which classes are read, keep 8 bits.
struct Outer {
    std::string_view family;
    bool first, last;
};
constexpr std::array kOuter{Outer{kResnet.name, true, true}, Outer{kMobilenetv1.name, true, false},
                            Outer{kVgg.name, false, false}, Outer{kCnv.name, false, false}};

class Reference {
public:
    Reference(Graph& graph, const Outer& outer)
        : m_graph(graph),
          m_outer(outer),
          m_constant(outer.family == kCnv.name),
          m_reason(str(kQuantizedTwin, graph.info.architecture, graph.info.variant)) {}

    void declare() {
        for (const NodeId id : m_graph.order()) {
            const Node& node = m_graph.node(id);
            if (hasWeight(node.op))
                declareWeight(node);
            else if (const auto* activation = std::get_if<Activation>(&node.op))
                declareActivation(node, activation->kind == ActivationKind::HardTanh);
            else if (std::holds_alternative<Reduce>(node.op))
                declareActivation(node, false);
            else if (const auto* binary = std::get_if<Binary>(&node.op); binary && binary->kind == BinaryKind::Add)
                declareAddends(node);
            else if (m_constant && binary && binary->kind == BinaryKind::Div)
                declarePictures(node);
        }
    }

private:
    void declareWeight(const Node& node) {
        DeclaredQuantizer made{.node = node.name, .weight = true, .perChannel = !m_constant, .reason = m_reason};
        const bool outer = (m_outer.first && m_first) || (m_outer.last && node.role == NodeRole::HeadLast);
        if (outer) made.bits = kOuterBits;
        if (m_constant) made.range = DeclaredRange::Constant, made.low = -1, made.high = 1;
        m_graph.declared.push_back(std::move(made));
        m_first = false;
    }

    // Behind a ReLU nothing is below 0; a mean of such numbers is none either.
    void declareActivation(const Node& node, bool isSigned) {
        DeclaredQuantizer made{.node = node.name, .isSigned = isSigned, .narrow = isSigned, .reason = m_reason};
        made.range = m_constant ? DeclaredRange::Constant : DeclaredRange::Learned;
        if (m_constant) made.low = -1, made.high = 1;
        m_graph.declared.push_back(std::move(made));
    }

    // What is not behind a ReLU already.
    void declareAddends(const Node& sum) {
        for (const ValueId addend : sum.inputs) {
            const Node& maker = m_graph.node(*m_graph.producer(addend));
            if (!std::holds_alternative<BatchNorm>(maker.op) && !std::holds_alternative<Pad>(maker.op) &&
                !std::holds_alternative<Conv2d>(maker.op))
                continue;
            const bool isSigned = !std::holds_alternative<Pad>(maker.op);
            m_graph.declared.push_back({.node = maker.name,
                                        .isSigned = isSigned,
                                        .narrow = isSigned,
                                        .range = DeclaredRange::Learned,
                                        .reason = m_reason});
        }
    }

    // Steps of 2^-7 from -1 on.
    void declarePictures(const Node& node) {
        DeclaredQuantizer made{.node = node.name, .bits = kPictureBits, .narrow = false, .reason = m_reason};
        made.range = DeclaredRange::Constant;
        stateThreshold(made, 1);
        m_graph.declared.push_back(std::move(made));
    }

    Graph& m_graph;
    const Outer& m_outer;
    const bool m_constant;
    const std::string m_reason;
    bool m_first = true;
};

}  // namespace

void declareReference(Graph& graph) {
    const auto outer = std::ranges::find(kOuter, graph.info.architecture, &Outer::family);
    require(outer != kOuter.end(), ErrorKind::BadInput, "quantization.default_qconfig is reference, which ",
            graph.info.architecture, " has not");
    graph.declared.clear();
    Reference(graph, *outer).declare();
}

}  // namespace qat
