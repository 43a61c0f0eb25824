// Names are looked up as written first, then as people spell them; what has no sure answer is refused.
#include "data/class_match.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "data/dataset_view.h"

namespace qat {
namespace {

std::string quotedName(const std::string& name) {
    constexpr size_t kLongest = 60;
    std::string shown = withUtf8Only(name.substr(0, kLongest));
    std::ranges::replace_if(
        shown, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
    return '"' + shown + (name.size() > kLongest ? "...\"" : "\"");
}

// "Traffic Light", "traffic_light" and "traffic-light" are one name to people.
std::string folded(const std::string& name) {
    std::string text;
    for (const char c : name)
        if (c != ' ' && c != '_' && c != '-') text += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return text;
}

bool isNumberOf(const std::string& name, size_t number) {
    const std::string text = folded(name), digits = std::to_string(number);
    return text == digits || text == "class" + digits;
}

// The numbers under each name, as written and as people spell it.
class NameIndex {
public:
    explicit NameIndex(const std::vector<std::string>& names) {
        for (size_t i = 0; i < names.size(); ++i) {
            m_written[names[i]].push_back(static_cast<int32_t>(i));
            m_folded[folded(names[i])].push_back(static_cast<int32_t>(i));
        }
    }
    std::vector<int32_t> find(const std::string& name) const {
        const auto written = m_written.find(name);
        if (written != m_written.end()) return written->second;
        const auto spelled = m_folded.find(folded(name));
        return spelled == m_folded.end() ? std::vector<int32_t>{} : spelled->second;
    }

private:
    std::map<std::string, std::vector<int32_t>> m_written, m_folded;
};

std::vector<int32_t> byNumber(const ClassList& data, const ClassList& model) {
    require(data.names.empty() || data.names.size() == model.names.size(), ErrorKind::BadInput, model.owner, " has ",
            model.names.size(), " classes but ", data.owner, " has ", data.names.size());
    std::vector<int32_t> numbers(model.names.size());
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int32_t>(i);
    return numbers;
}

[[noreturn]] void failMissing(const ClassList& data, const ClassList& model, size_t number) {
    const std::string instead =
        number < model.names.size() ? str("; its class ", number, " is ", quotedName(model.names[number])) : "";
    fail(ErrorKind::BadInput, model.owner, " has no class ", quotedName(data.names[number]), ", which is class ",
         number, " of ", data.owner, instead);
}

std::vector<int32_t> byName(const ClassList& data, const ClassList& model, const std::set<std::string>& counted) {
    const NameIndex index(model.names);
    std::map<int32_t, size_t> taken;
    std::vector<int32_t> numbers;
    for (size_t i = 0; i < data.names.size(); ++i) {
        numbers.push_back(-1);
        if (!counted.empty() && !counted.contains(data.names[i])) continue;
        const std::vector<int32_t> found = index.find(data.names[i]);
        if (found.empty()) failMissing(data, model, i);
        require(found.size() == 1, ErrorKind::BadInput, "class ", i, " of ", data.owner, ", ",
                quotedName(data.names[i]), ", may be any of ", found.size(), " classes of ", model.owner,
                " of that name");
        const auto [other, fresh] = taken.emplace(found[0], i);
        require(fresh, ErrorKind::BadInput, "classes ", other->second, " and ", i, " of ", data.owner, ", ",
                quotedName(data.names[other->second]), " and ", quotedName(data.names[i]), ", are both class ",
                found[0], " of ", model.owner);
        numbers.back() = found[0];
    }
    return numbers;
}

bool everyNameIsIn(const std::vector<std::string>& names, const std::vector<std::string>& others) {
    const NameIndex index(others);
    return std::ranges::all_of(names, [&](const std::string& name) { return !index.find(name).empty(); });
}

class Renumbered final : public DatasetView {
public:
    Renumbered(std::shared_ptr<const Dataset> all, std::vector<int32_t> numbers, std::vector<std::string> names)
        : DatasetView(std::move(all)), m_numbers(std::move(numbers)) {
        m_classNames = std::move(names);
    }
    Sample read(int64_t index) const override {
        Sample sample = DatasetView::read(index);
        sample.labels = renumbered(std::move(sample.labels));
        sample.pictureClass = renumbered(sample.pictureClass);
        return sample;
    }
    std::vector<ObjectLabel> labels(int64_t index) const override { return renumbered(DatasetView::labels(index)); }
    int32_t pictureClass(int64_t index) const override { return renumbered(DatasetView::pictureClass(index)); }

private:
    // What does not count has no label left.
    std::vector<ObjectLabel> renumbered(std::vector<ObjectLabel> labels) const {
        for (ObjectLabel& label : labels) label.classIndex = renumbered(label.classIndex);
        std::erase_if(labels, [](const ObjectLabel& label) { return label.classIndex < 0; });
        return labels;
    }
    int32_t renumbered(int32_t number) const { return number < 0 ? number : m_numbers[static_cast<size_t>(number)]; }

    std::vector<int32_t> m_numbers;
};

// Labels of unnamed classes may say any number; true if there are labels at all.
bool checkNumbers(const Dataset& data, const ClassList& model) {
    bool any = false;
    for (int64_t i = 0; i < data.size(); ++i)
        for (const ObjectLabel& label : data.labels(i)) {
            any = true;
            require(label.classIndex < static_cast<int32_t>(model.names.size()), ErrorKind::BadInput, data.path(i),
                    " has an object of class ", label.classIndex, ", but ", model.owner, " has the classes 0 to ",
                    model.names.size() - 1);
        }
    return any;
}

// The first class with another number; how many there are if there is none.
size_t firstMoved(const std::vector<int32_t>& numbers) {
    size_t i = 0;
    while (i < numbers.size() && (numbers[i] < 0 || numbers[i] == static_cast<int32_t>(i))) ++i;
    return i;
}

std::vector<std::string> notesOf(const ClassList& data, const ClassList& model, const std::vector<int32_t>& numbers) {
    if (data.names == model.names) return {};
    std::vector<std::string> notes;
    const size_t first = firstMoved(numbers);
    if (first < numbers.size())
        notes.push_back(str("the classes of ", data.owner, " are numbered otherwise than those of ", model.owner,
                            " and matched by name: ", quotedName(data.names[first]), ", class ", first,
                            " of the data, is class ", numbers[first], " of the model"));
    const auto known = std::ranges::count_if(numbers, [](int32_t number) { return number >= 0; });
    if (static_cast<size_t>(known) < model.names.size())
        notes.push_back(str(known, known == 1 ? " class" : " classes", " of the ", model.names.size(), " of ",
                            model.owner, " may occur in ", data.owner, ", the others never do"));
    return notes;
}

}  // namespace

bool onlyCount(const std::vector<std::string>& names) {
    for (size_t i = 0; i < names.size(); ++i)
        if (!isNumberOf(names[i], i)) return false;
    return true;
}

std::vector<int32_t> matchClasses(const ClassList& data, const ClassList& model,
                                  const std::vector<std::string>& counted) {
    if (data.names.empty() || data.names == model.names) return byNumber(data, model);
    const bool dataCounts = onlyCount(data.names), modelCounts = onlyCount(model.names);
    const bool named = !(dataCounts && modelCounts) && everyNameIsIn(data.names, model.names);
    if (!named && (dataCounts || modelCounts)) return byNumber(data, model);
    return byName(data, model, {counted.begin(), counted.end()});
}

MatchedData inClassesOf(const ClassList& model, std::shared_ptr<const Dataset> data, const std::string& dataName,
                        const std::vector<std::string>& counted) {
    const ClassList given{data->classNames(), dataName};
    const std::vector<int32_t> numbers = matchClasses(given, model, counted);
    const bool dataCounts = onlyCount(given.names), modelCounts = onlyCount(model.names);  // no names count too
    const bool byNumber = dataCounts != modelCounts && !everyNameIsIn(given.names, model.names);
    const std::string notNamed =
        str(modelCounts ? model.owner : dataName, " names no classes, so its numbers are taken for those of ",
            modelCounts ? dataName : model.owner);
    MatchedData matched{std::move(data), model.names, notesOf(given, model, numbers)};
    if (given.names.empty()) {
        if (checkNumbers(*matched.data, model) && !modelCounts) matched.notes = {notNamed};
        return matched;
    }
    if (byNumber) matched.notes = {notNamed};
    if (modelCounts && given.names.size() == model.names.size() && firstMoved(numbers) == numbers.size())
        matched.names = given.names;
    if (given.names != matched.names)
        matched.data = std::make_shared<Renumbered>(std::move(matched.data), numbers, matched.names);
    return matched;
}

}  // namespace qat
