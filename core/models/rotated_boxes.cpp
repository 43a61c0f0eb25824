// Half the difference of opposite distances leads from the anchor point to the centre, in the box's directions.
#include "models/rotated_boxes.h"

#include <array>

#include "base/error.h"

namespace qat {
namespace {

// Binary operators under one name.
class Sums {
public:
    Sums(Graph& graph, std::string name) : m_graph(graph), m_name(std::move(name)) {}

    ValueId of(const char* part, BinaryKind kind, ValueId x, ValueId y) const {
        return m_graph.add(str(m_name, ".", part), Binary{kind}, {x, y});
    }
    // a c + b d
    ValueId products(const std::string& part, ValueId a, ValueId c, ValueId b, ValueId d,
                     BinaryKind joined = BinaryKind::Add) const {
        const ValueId first = of((part + ".first").c_str(), BinaryKind::Mul, a, c);
        return of(part.c_str(), joined, first, of((part + ".second").c_str(), BinaryKind::Mul, b, d));
    }
    std::array<ValueId, 2> halves(const char* part, ValueId x, int64_t each) const {
        const NodeId node = m_graph.addNode(str(m_name, ".", part), Split{1, {each, each}}, {x}, 2);
        return {m_graph.node(node).outputs[0], m_graph.node(node).outputs[1]};
    }
    ValueId activation(const std::string& part, ActivationKind kind, ValueId x) const {
        return m_graph.add(str(m_name, ".", part), Activation{kind}, {x});
    }
    ValueId size(const std::string& part, ValueId x, ValueId minusOne) const {
        const ValueId negated = of((part + ".negated").c_str(), BinaryKind::Mul, x, minusOne);
        return of((part + ".size").c_str(), BinaryKind::Add, activation(part + ".above", ActivationKind::Relu, x),
                  activation(part + ".below", ActivationKind::Relu, negated));
    }

private:
    Graph& m_graph;
    const std::string m_name;
};

}  // namespace

RotatedBoxes decodeRotated(Graph& graph, const std::string& name, ValueId distances, ValueId angles,
                           const std::vector<ValueId>& maps) {
    const Sums sums(graph, name);
    const NodeId anchors = graph.addNode(name + ".anchors", AnchorPoints{graph.info.strides}, maps, 2);
    const ValueId points = graph.node(anchors).outputs[0], strides = graph.node(anchors).outputs[1];
    const auto [low, high] = sums.halves("lt_rb", distances, 2);
    const ValueId two = graph.addConstant(name + ".two", {2.0f}),
                  minusOne = graph.addConstant(name + ".minus_one", {-1.0f});
    const ValueId cosine = sums.activation("cos", ActivationKind::Cos, angles),
                  sine = sums.activation("sin", ActivationKind::Sin, angles);
    const ValueId reach = sums.of("reach", BinaryKind::Div, sums.of("across", BinaryKind::Sub, high, low), two);
    const auto [right, down] = sums.halves("axes", reach, 1);
    const ValueId x = sums.products("x", right, cosine, down, sine, BinaryKind::Sub);
    const ValueId y = sums.products("y", right, sine, down, cosine);
    const ValueId turned = graph.add(name + ".turned", Concat{1}, {x, y});
    const ValueId centre = sums.of("centre", BinaryKind::Add, turned, points);
    const ValueId size = sums.of("size", BinaryKind::Add, low, high);
    const auto [width, height] = sums.halves("sides", size, 1);
    const ValueId along = sums.size("cos", cosine, minusOne), across = sums.size("sin", sine, minusOne);
    const ValueId hullWidth = sums.products("hull_width", width, along, height, across);
    const ValueId hullHeight = sums.products("hull_height", width, across, height, along);
    const ValueId own = graph.add(name + ".own", Concat{1}, {centre, size});
    const ValueId hull = graph.add(name + ".hull", Concat{1}, {centre, hullWidth, hullHeight});
    return {sums.of("rotated", BinaryKind::Mul, own, strides), sums.of("pixels", BinaryKind::Mul, hull, strides)};
}

}  // namespace qat
