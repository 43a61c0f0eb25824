// Names to numbers once, then a filter on every sample.
#include "data/chosen_classes.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace qat {
namespace {

int32_t classNumber(const std::vector<std::string>& names, const std::string& name) {
    const auto found = std::ranges::find(names, name);
    if (found != names.end()) return static_cast<int32_t>(found - names.begin());
    int32_t number = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool isNumber = error == std::errc() && end == name.data() + name.size() && number >= 0;
    require(isNumber && names.empty(), ErrorKind::BadInput, "the data has no class ", name,
            names.empty() ? "; it names none, so classes are numbers" : "");
    return number;
}

class ChosenClasses final : public Dataset {
public:
    ChosenClasses(std::shared_ptr<const Dataset> all, std::set<int32_t> classes)
        : m_all(std::move(all)), m_classes(std::move(classes)) {
        m_classNames = m_all->classNames();
        m_warnings = m_all->warnings();
        m_leftOut = m_all->leftOut();
    }
    int64_t size() const override { return m_all->size(); }
    Sample read(int64_t index) const override {
        Sample sample = m_all->read(index);
        sample.labels = chosen(std::move(sample.labels));
        return sample;
    }
    std::vector<ObjectLabel> labels(int64_t index) const override { return chosen(m_all->labels(index)); }
    std::string path(int64_t index) const override { return m_all->path(index); }
    cv::Size imageSize(int64_t index) const override { return m_all->imageSize(index); }
    std::vector<std::string> foundDamaged() const override { return m_all->foundDamaged(); }

private:
    std::vector<ObjectLabel> chosen(std::vector<ObjectLabel> labels) const {
        std::erase_if(labels, [&](const ObjectLabel& label) { return !m_classes.contains(label.classIndex); });
        return labels;
    }

    std::shared_ptr<const Dataset> m_all;
    std::set<int32_t> m_classes;
};

}  // namespace

std::set<int32_t> classNumbers(const std::vector<std::string>& names, const std::vector<std::string>& classes) {
    std::set<int32_t> numbers;
    for (const std::string& name : classes) numbers.insert(classNumber(names, name));
    return numbers;
}

std::shared_ptr<const Dataset> keepClasses(std::shared_ptr<const Dataset> all,
                                           const std::vector<std::string>& classes) {
    std::set<int32_t> numbers = classNumbers(all->classNames(), classes);
    return std::make_shared<ChosenClasses>(std::move(all), std::move(numbers));
}

}  // namespace qat
