// Row by row. What a row makes is known to later ones by its index.
#include "models/detector.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "models/anchor_head.h"
#include "models/detect_head.h"
#include "models/modules.h"
#include "models/quant_modules.h"
#include "models/stored_style.h"
#include "models/table_words.h"

namespace qat {
namespace {

constexpr double kMostRepeats = 1000;  // of one row

void requireKnownModules(const Layout& layout) {
    std::vector<std::string> unknown;
    for (size_t i = 0; i < layout.rows.size(); ++i) {
        const std::string& module = layout.rows[i].module;
        const std::string_view why = whyNotBuilt(module);
        require(why.empty(), ErrorKind::BadInput, "row ", i, ": ", module, " cannot be built: ", why);
        if (!moduleNamed(module)) unknown.push_back(str(module, " (row ", i, ")"));
    }
    require(unknown.empty(), ErrorKind::BadInput, "no module is called ", joinedWords(unknown, ", "));
}

class DetectorBuilder {
public:
    DetectorBuilder(Graph& graph, Random* random, const ConvStyles* styles, const Layout& layout)
        : m_graph(graph), m_blocks(graph, random, styles), m_layout(layout) {
        if (const auto stated = activationWritten(layout.activation)) m_blocks.setActivation(*stated);
    }

    void build() {
        const ValueId image = m_graph.addInput("images", {1, m_layout.inputChannels, m_layout.side, m_layout.side});
        m_blocks.setChannels(image, m_layout.inputChannels);
        m_image = {image};
        for (size_t i = 0; i < m_layout.rows.size(); ++i) {
            const bool last = i + 1 == m_layout.rows.size();
            const ModuleRow& module = *moduleNamed(m_layout.rows[i].module);
            require(last == (module.kind == ModuleKind::Head), ErrorKind::BadInput, "row ", i, ": ", module.name,
                    last ? " is no head, with which a table ends" : " is a head, with which a table ends");
            if (last && module.build)
                buildClassifierEnd(module, i);
            else if (last)
                buildHead(i);
            else
                m_made.push_back(build(module, i));
            require(m_graph.order().size() <= kMostNodes, ErrorKind::BadInput, "row ", i, ": there are more than ",
                    kMostNodes, " layers so far");
        }
        declareImage(m_graph);
        m_graph.aliases.push_back({"model.", "model.model."});  // as the trainer's front class calls it
    }

private:
    std::string nameOf(size_t row) const {
        const std::string& stated = m_layout.rows[row].name;
        return stated.empty() ? str("model.", row) : stated;
    }

    size_t sourceIndex(size_t row, int64_t from) {
        const int64_t index = from < 0 ? static_cast<int64_t>(row) + from : from;
        require(index >= -1 && index < static_cast<int64_t>(row) && (index >= 0 || row == 0), ErrorKind::BadInput,
                "row ", row, ": ", m_layout.rows[row].module, " reads row ", from, ", which is not before it");
        if (from != -1) m_kept.insert(index);
        return static_cast<size_t>(index);
    }

    std::vector<Maps> sources(size_t row) {
        std::vector<Maps> maps;
        for (const int64_t from : m_layout.rows[row].from) {
            const size_t index = sourceIndex(row, from);
            maps.push_back(index == static_cast<size_t>(-1) ? m_image : m_made[index]);
        }
        return maps;
    }

    ModuleCall callOf(size_t row) {
        const LayoutRow& entry = m_layout.rows[row];
        ModuleCall call{m_blocks, m_layout, nameOf(row), sources(row), 0, 1, {}, str("row ", row, ", ", entry.module)};
        for (const LayoutArg& arg : entry.args) call.args.push_back(resolvedArg(m_layout, arg));
        return call;
    }

    // A multiple of 8, unless the row asks for as many as there are classes.
    int64_t scaledChannels(size_t row, double nominal) const {
        require(nominal >= 1 && nominal <= 65536 && nominal == std::floor(nominal), ErrorKind::BadInput, "row ", row,
                ": ", m_layout.rows[row].module, " makes ", nominal, " channels");
        const double kept = m_layout.anchors.empty() ? static_cast<double>(m_layout.classes) : rawAnchorChannels();
        return nominal == kept ? static_cast<int64_t>(nominal) : inEights(nominal);
    }
    int64_t inEights(double nominal) const {
        const LayoutScale& scale = m_layout.scale;
        return static_cast<int64_t>(std::ceil(std::min(nominal, scale.maxChannels) * scale.width / 8) * 8);
    }
    double rawAnchorChannels() const {
        return static_cast<double>(m_layout.anchors.front().size() / 2) * static_cast<double>(m_layout.classes + 5);
    }

    int64_t repeatsOf(const LayoutRow& row) const {
        if (row.repeats <= 1) return 1;
        const double scaled = std::nearbyint(row.repeats * m_layout.scale.depth);
        require(scaled <= kMostRepeats, ErrorKind::BadInput, row.module, " is repeated ", scaled,
                " times after scaling, not up to ", kMostRepeats);
        return std::max<int64_t>(static_cast<int64_t>(scaled), 1);
    }

    Maps build(const ModuleRow& module, size_t row) {
        const LayoutRow& entry = m_layout.rows[row];
        ModuleCall call = callOf(row);
        const bool sized = module.kind == ModuleKind::Layer || module.kind == ModuleKind::Repeats;
        if (sized) {
            call.channels = scaledChannels(row, call.number(0, 0));
            call.args.erase(call.args.begin());
        }
        const int64_t repeats = repeatsOf(entry);
        if (module.kind == ModuleKind::Repeats) call.repeats = repeats;
        return module.kind == ModuleKind::Repeats || repeats == 1 ? module.build(call)
                                                                  : buildChain(module, call, repeats);
    }

    static Maps buildChain(const ModuleRow& module, ModuleCall call, int64_t repeats) {
        const std::string name = call.name;
        for (int64_t k = 0; k < repeats; ++k) {
            call.name = str(name, ".", k);
            call.in = {module.build(call)};
        }
        return call.in.front();
    }

    void buildHead(size_t row) {
        std::vector<ValueId> features;
        for (const Maps& maps : sources(row)) features.push_back(maps.front());
        ModelInfo& info = m_graph.info;
        for (const ValueId feature : features) {
            const double stride = m_blocks.stride(feature);
            require(stride == std::floor(stride) && stride >= 1, ErrorKind::BadInput, "row ", row,
                    ": it reads a map at stride ", stride);
            info.strides.push_back(static_cast<int64_t>(stride));
        }
        keepFeatures();
        requireNamedAnchors(row);
        const HeadForm form = headForm(row);
        if (m_layout.anchors.empty())
            addDetectHead(m_graph, m_blocks, nameOf(row), features, form);
        else
            addAnchorHead(m_graph, m_blocks, nameOf(row), features, m_layout.anchors, anchorForm(row));
    }

    // After classes and anchors: whether it has convolutions, whether results are cut, how it treats memory, and bits.
    AnchorHeadForm anchorForm(size_t row) {
        ModuleCall call = callOf(row);
        AnchorHeadForm form{.place = call.place};
        call.args.erase(call.args.begin(), call.args.begin() + std::min<ptrdiff_t>(1, std::ssize(call.args)));
        const bool stated = call.args.size() > 1 && call.args[1].kind == LayoutArg::Kind::Number;
        if (!stated) return form;
        form.convs = call.flag(1, true), form.hardTanh = call.flag(2, false);
        if (form.convs && call.args.size() > 4) form.weightBits = bitsAt(call, 4);
        return form;
    }

    // A head that is told whether it has convolutions of its own is one with anchors.
    void requireNamedAnchors(size_t row) const {
        const std::vector<LayoutArg>& args = m_layout.rows[row].args;
        const bool names = args.size() > 2 && args[1].text == "anchors";
        require(!names || !m_layout.anchors.empty(), ErrorKind::BadInput, "row ", row, ", ", m_layout.rows[row].module,
                ": it names anchors, and the table has none");
    }

    // A number for each class, from the last layer with a weight.
    void buildClassifierEnd(const ModuleRow& module, size_t row) {
        keepFeatures();
        const ValueId logits = build(module, row).front();
        const auto& order = m_graph.order();
        const auto last =
            std::find_if(order.rbegin(), order.rend(), [&](NodeId id) { return hasWeight(m_graph.node(id).op); });
        require(last != order.rend(), ErrorKind::BadInput, "row ", row, ": no layer with weights stands before it");
        m_graph.node(*last).role = NodeRole::HeadLast;
        m_graph.setOutput("logits", logits, OutputRole::Decoded);
        m_graph.info.task = kClassification.name;
    }

    HeadForm headForm(size_t row) {
        const bool tenth = m_layout.rows[row].module == "v10Detect";
        const bool modern =
            std::ranges::any_of(m_layout.rows, [](const LayoutRow& each) { return endsLegacyHeads(each.module); });
        return {.plainClasses = m_layout.plainClasses.value_or(!tenth && !modern),
                .endToEnd = tenth || m_layout.endToEnd,
                .task = taskForm(row)};
    }

    // Prototypes are scaled like channels, whatever the number of classes.
    TaskForm taskForm(size_t row) {
        const LayoutRow& entry = m_layout.rows[row];
        ModuleCall call{m_blocks, m_layout, str("row ", row, ": ", entry.module), {}, 0, 1, {}};
        for (size_t i = 1; i < entry.args.size(); ++i) call.args.push_back(resolvedArg(m_layout, entry.args[i]));
        if (entry.module.starts_with("Segment")) {
            const int64_t nominal = call.whole(1, 256);
            require(nominal >= 1, ErrorKind::BadInput, call.name, ": its prototypes have ", nominal,
                    " channels inside");
            call.channels = inEights(static_cast<double>(nominal));
        }
        return taskFormOf(entry.module, call);
    }

    // What later rows go back to, and the end of the backbone.
    void keepFeatures() {
        const auto end = static_cast<int64_t>(m_layout.backboneRows) - 1;
        if (end >= 0 && end < static_cast<int64_t>(m_made.size())) m_kept.insert(end);
        for (const int64_t kept : m_kept) {
            if (kept < 0) continue;
            const Maps& maps = m_made[static_cast<size_t>(kept)];
            if (maps.size() != 1 || isImage(maps.front())) continue;
            m_graph.setOutput(nameOf(static_cast<size_t>(kept)), maps.front(),
                              kept == end ? OutputRole::Backbone : OutputRole::Feature);
        }
    }
    bool isImage(ValueId value) const { return value == m_image.front(); }

    Graph& m_graph;
    ModuleBuilder m_blocks;
    const Layout& m_layout;
    Maps m_image;
    std::vector<Maps> m_made;
    std::set<int64_t> m_kept;
};

}  // namespace

Graph buildDetector(const Layout& layout, Random* random, const ConvStyles* styles) {
    require(layout.classes >= 1 && layout.classes <= kMostClasses, ErrorKind::BadInput, "a network cannot have ",
            layout.classes, " classes");
    requireKnownModules(layout);
    Graph graph;
    graph.info.architecture = layout.family, graph.info.variant = layout.variant;
    graph.info.numClasses = layout.classes, graph.info.regMax = layout.regMax;
    if (layout.isOwn) graph.info.table = layoutJson(layout);
    for (int64_t i = 0; i < layout.classes; ++i) graph.info.classNames.push_back(str("class", i));
    DetectorBuilder(graph, random, styles, layout).build();
    return graph;
}

}  // namespace qat
