// Graph to text and back. A line is one of
//   info architecture=yolov8 variant=n classes=80 regMax=16 strides=[8,16,32]
//   table {"backbone":...}                          (JSON, to the end of the line)
//   input images [1,3,640,640]
//   alias model.22. model.22.detect.
//   quantizer model.0.conv weight bits=8 ... row 0, QuantConv      (who says so, to the end of the line)
//   parameter model.0.conv.weight [16,3,3,3]      buffer b [] int64      constant model.22.two [2]
//   node model.0.conv Conv2d stride=[2,2] ... (images model.0.conv.weight) -> (model.0.conv) [role]
//   output head.0 model.22.cat.0 [role]
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <sstream>

#include "base/error.h"
#include "graph/constant_numbers.h"
#include "graph/field_text.h"
#include "graph/graph.h"

namespace qat {

// Of operators' enumerations beside these (ops/op.h).
constexpr std::array<std::string_view, 6> namesOf(NodeRole) {
    return {"none", "head", "head_last", "projection", "separable_classes", "plain_sides"};
}
constexpr std::array<std::string_view, 10> namesOf(OutputRole) {
    return {"none",           "feature",       "backbone", "raw_head",    "decoded",
            "other_raw_head", "other_decoded", "extra",    "other_extra", "raw_extra"};
}

namespace {

// visit(name, value, whether text leaves it out).
template <class ConcreteOp, class Visit>
void forEachField(ConcreteOp& op, Visit visit) {
    std::apply(
        [&](auto... field) {
            (visit(field.name, op.*(field.member), field.quiet && op.*(field.member) == ConcreteOp{}.*(field.member)),
             ...);
        },
        op.fields());
}

std::string opText(const Op& op) {
    return std::visit(
        [](const auto& concrete) {
            std::string text(concrete.name);
            forEachField(concrete, [&](std::string_view name, const auto& value, bool isSilent) {
                if (!isSilent) text += str(" ", name, "=", fieldText(value));
            });
            return text;
        },
        op);
}

bool isPositive(int64_t number) {
    return number > 0;
}
template <class Numbers>
requires requires(const Numbers& numbers) {
    numbers.begin();
}
bool isPositive(const Numbers& numbers) {
    return std::ranges::all_of(numbers, [](int64_t number) { return number > 0; });
}

template <size_t index = 0>
Op opNamed(std::string_view name) {
    if constexpr (index < std::variant_size_v<Op>) {
        using Alternative = std::variant_alternative_t<index, Op>;
        return Alternative::name == name ? Op(Alternative{}) : opNamed<index + 1>(name);
    }
    badField(name);
}

void setOpField(Op& op, std::string_view name, std::string_view text) {
    bool found = false;
    std::visit(
        [&](auto& concrete) {
            forEachField(concrete, [&](std::string_view field, auto& value, bool) {
                if (field != name) return;
                readField(text, value);
                found = true;
            });
        },
        op);
    if (!found) badField(name);
}

// Numbers that are divided by, or stepped with, wherever the operator is computed.
void requireComputable(const Op& op) {
    std::visit(
        []<class Concrete>(const Concrete& concrete) {
            if constexpr (requires { Concrete::positive; })
                forEachField(concrete, [](std::string_view name, const auto& value, bool) {
                    const bool named = std::ranges::find(Concrete::positive, name) != Concrete::positive.end();
                    if constexpr (requires { isPositive(value); })
                        require(!named || isPositive(value), ErrorKind::BadInput, name, " must be above 0, not ",
                                fieldText(value));
                });
        },
        op);
}

std::string valueList(const Graph& graph, const std::vector<ValueId>& values) {
    std::string text = "(";
    for (const ValueId id : values) text += (text.size() > 1 ? " " : "") + graph.value(id).name;
    return text + ")";
}

constexpr std::array<std::pair<ElementType, std::string_view>, 4> kTypeNames{{{ElementType::Int64, "int64"},
                                                                              {ElementType::Int32, "int32"},
                                                                              {ElementType::Int8, "int8"},
                                                                              {ElementType::Uint8, "uint8"}}};

// float32 goes without saying.
std::string typeSuffix(ElementType type) {
    const auto found = std::ranges::find(kTypeNames, type, &std::pair<ElementType, std::string_view>::first);
    return found == kTypeNames.end() ? "" : str(" ", found->second);
}

ElementType typeNamed(std::string_view name) {
    const auto found = std::ranges::find(kTypeNames, name, &std::pair<ElementType, std::string_view>::second);
    if (found == kTypeNames.end()) badField(name);
    return found->first;
}

// " role", or nothing if there is none.
template <class Role>
std::string roleSuffix(Role role) {
    return role == Role::None ? "" : str(" ", fieldText(role));
}

std::string valueLine(const Value& value) {
    if (value.kind == ValueKind::Constant)
        return str("constant ", value.name, " ", listText(numbersOf(*value.data)), "\n");
    const char* kind = value.kind == ValueKind::Input       ? "input"
                       : value.kind == ValueKind::Parameter ? "parameter"
                                                            : "buffer";
    return str(kind, " ", value.name, " ", listText(value.shape), typeSuffix(value.type), "\n");
}

class Reader {
public:
    Graph read(std::string_view text) {
        std::istringstream lines{std::string(text)};
        for (std::string line; std::getline(lines, line); ++m_line) {
            m_words.clear();
            std::istringstream words(line);
            for (std::string word; words >> word;) m_words.push_back(word);
            if (!m_words.empty()) atLine([&] { readLine(line); });
        }
        --m_line;
        atLine([&] { verify(m_graph); });
        return std::move(m_graph);
    }

private:
    // Whatever is wrong with the text is the text's fault, and stands somewhere in it.
    template <class Work>
    void atLine(const Work& work) const {
        try {
            work();
        } catch (const Error& error) {
            fail(ErrorKind::BadInput, "graph text line ", m_line, ": ", error.what());
        }
    }

    void readLine(const std::string& line) {
        const std::string& kind = word(0);
        if (kind == "info") return readInfo();
        if (kind == "table") {
            m_graph.info.table = line.substr(line.find(word(1)));
            return;
        }
        if (kind == "node") return readNode();
        if (kind == "quantizer") return readDeclared(line);
        if (kind == "alias") return m_graph.aliases.push_back({word(1), word(2)});
        if (kind == "output") return m_graph.setOutput(word(1), known(word(2)), role<OutputRole>(3));
        if (kind == "constant") return readConstant();
        Shape shape;
        readField(word(2), shape);
        if (kind == "input")
            m_graph.addInput(word(1), shape);
        else if (kind == "parameter")
            m_graph.addParameter(word(1), nullptr, shape);
        else if (kind == "buffer")
            m_graph.addBuffer(word(1), nullptr, shape, m_words.size() > 3 ? typeNamed(word(3)) : ElementType::Float32);
        else
            badField(kind);
    }

    void readConstant() {
        std::vector<float> numbers;
        readField(word(2), numbers);
        m_graph.addConstant(word(1), numbers);
    }

    void readInfo() {
        ModelInfo& info = m_graph.info;
        for (size_t i = 1; i < m_words.size(); ++i) {
            const auto [key, text] = keyAndValue(m_words[i]);
            if (key == "architecture")
                info.architecture = text;
            else if (key == "variant")
                info.variant = text;
            else if (key == "classes")
                readField(text, info.numClasses);
            else if (key == "regMax")
                readField(text, info.regMax);
            else if (key == "strides")
                readField(text, info.strides);
            else if (key == "task")
                info.task = text;
            else if (key == "head")
                info.head = text;
            else if (key == "anchors")
                readField(text, info.anchors);
            else
                badField(key);
        }
    }

    void readDeclared(const std::string& line) {
        DeclaredQuantizer made{.node = word(1), .weight = word(2) == "weight"};
        if (!made.weight && word(2) != "result") badField(word(2));
        readField(textOf("bits", word(3)), made.bits);
        readField(textOf("signed", word(4)), made.isSigned);
        readField(textOf("narrow", word(5)), made.narrow);
        readField(textOf("per_channel", word(6)), made.perChannel);
        readField(textOf("range", word(7)), made.range);
        readField(textOf("low", word(8)), made.low);
        readField(textOf("high", word(9)), made.high);
        require(made.bits >= 0 && made.bits <= 8, ErrorKind::BadInput, "a quantizer cannot have ", made.bits, " bits");
        require(std::isfinite(made.low) && std::isfinite(made.high) && made.low <= made.high, ErrorKind::BadInput,
                "a quantizer cannot have the range [", made.low, ", ", made.high, "]");
        made.reason = line.substr(line.find(word(10), line.find(word(9)) + word(9).size()));
        m_graph.declared.push_back(std::move(made));
    }
    static std::string_view textOf(std::string_view key, const std::string& word) {
        const auto [found, text] = keyAndValue(word);
        if (found != key) badField(word);
        return text;
    }

    void readNode() {
        Op op = opNamed(word(2));
        size_t at = 3;
        for (; at < m_words.size() && m_words[at].front() != '('; ++at) {
            const auto [key, text] = keyAndValue(m_words[at]);
            setOpField(op, key, text);
        }
        requireComputable(op);
        const std::vector<std::string> inputs = readList(at);
        if (word(at++) != "->") badField(word(at - 1));
        const std::vector<std::string> outputs = readList(at);
        std::vector<ValueId> ids;
        for (const auto& name : inputs) ids.push_back(known(name));
        const NodeId id = m_graph.addNode(word(1), std::move(op), std::move(ids), static_cast<int>(outputs.size()));
        for (size_t i = 0; i < outputs.size(); ++i) m_graph.renameValue(m_graph.node(id).outputs[i], outputs[i]);
        m_graph.node(id).role = role<NodeRole>(at);
    }

    // The last word of a line, if there is one there.
    template <class Role>
    Role role(size_t at) const {
        Role role = Role::None;
        if (at < m_words.size()) readField(m_words[at], role);
        require(m_words.size() <= at + 1, ErrorKind::BadInput, "too many words");
        return role;
    }

    // "(a b c)" spread over words, from index `at`, which moves after it.
    std::vector<std::string> readList(size_t& at) {
        std::vector<std::string> names;
        for (bool last = false; !last; ++at) {
            std::string name = word(at);
            if (names.empty() && name.front() == '(') name.erase(0, 1);
            last = !name.empty() && name.back() == ')';
            if (last) name.pop_back();
            if (!name.empty()) names.push_back(std::move(name));
        }
        return names;
    }

    const std::string& word(size_t index) const {
        require(index < m_words.size(), ErrorKind::BadInput, "too few words");
        return m_words[index];
    }

    ValueId known(std::string_view name) const {
        const auto id = m_graph.findValue(name);
        require(id.has_value(), ErrorKind::BadInput, "no value is called ", name);
        return *id;
    }

    Graph m_graph;
    std::vector<std::string> m_words;
    int m_line = 1;
};

std::string declaredLine(const DeclaredQuantizer& each) {
    return str("quantizer ", each.node, each.weight ? " weight" : " result", " bits=", each.bits,
               " signed=", fieldText(each.isSigned), " narrow=", fieldText(each.narrow),
               " per_channel=", fieldText(each.perChannel), " range=", fieldText(each.range),
               " low=", fieldText(each.low), " high=", fieldText(each.high), " ", each.reason, "\n");
}

}  // namespace

std::string dumpGraph(const Graph& graph) {
    const ModelInfo& info = graph.info;
    std::string text = "info";
    if (!info.architecture.empty()) text += " architecture=" + info.architecture;
    if (!info.variant.empty()) text += " variant=" + info.variant;
    text += str(" classes=", info.numClasses, " regMax=", info.regMax, " strides=", listText(info.strides));
    if (info.task != kDetection.name) text += " task=" + info.task;
    if (!info.head.empty()) text += " head=" + info.head;
    if (!info.anchors.empty()) text += " anchors=" + listText(info.anchors);
    text += "\n";
    if (!info.table.empty()) text += "table " + info.table + "\n";
    for (const auto& [stored, known] : graph.aliases) text += str("alias ", stored, " ", known, "\n");
    for (const DeclaredQuantizer& each : graph.declared) text += declaredLine(each);
    for (const ValueId id : graph.inputs()) text += valueLine(graph.value(id));
    for (const ValueId id : graph.storedValues()) text += valueLine(graph.value(id));
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        text += str("node ", node.name, " ", opText(node.op), " ", valueList(graph, node.inputs), " -> ",
                    valueList(graph, node.outputs), roleSuffix(node.role), "\n");
    }
    for (const auto& output : graph.outputs())
        text += str("output ", output.name, " ", graph.value(output.value).name, roleSuffix(output.role), "\n");
    return text;
}

Graph parseGraph(std::string_view text) {
    return Reader().read(text);
}

}  // namespace qat
