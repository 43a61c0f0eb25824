// Names to numbers once, then a filter on every sample.
#include "data/chosen_classes.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "data/chosen_images.h"

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

class ChosenClasses final : public DatasetView {
public:
    ChosenClasses(std::shared_ptr<const Dataset> all, std::set<int32_t> classes)
        : DatasetView(std::move(all)), m_classes(std::move(classes)) {}
    Sample read(int64_t index) const override {
        Sample sample = DatasetView::read(index);
        sample.labels = chosen(std::move(sample.labels));
        return sample;
    }
    std::vector<ObjectLabel> labels(int64_t index) const override { return chosen(DatasetView::labels(index)); }

private:
    std::vector<ObjectLabel> chosen(std::vector<ObjectLabel> labels) const {
        std::erase_if(labels, [&](const ObjectLabel& label) { return !m_classes.contains(label.classIndex); });
        return labels;
    }

    std::set<int32_t> m_classes;
};

// A picture of another class is no picture without objects: it goes.
std::shared_ptr<const Dataset> picturesOf(std::shared_ptr<const Dataset> all, const std::set<int32_t>& classes) {
    std::vector<int64_t> chosen;
    for (int64_t i = 0; i < all->size(); ++i)
        if (classes.contains(all->pictureClass(i))) chosen.push_back(i);
    return std::make_shared<ChosenImages>(std::move(all), std::move(chosen));
}

}  // namespace

std::set<int32_t> classNumbers(const std::vector<std::string>& names, const std::vector<std::string>& classes) {
    std::set<int32_t> numbers;
    for (const std::string& name : classes) numbers.insert(classNumber(names, name));
    return numbers;
}

std::shared_ptr<const Dataset> keepClasses(std::shared_ptr<const Dataset> all,
                                           const std::vector<std::string>& classes) {
    std::set<int32_t> numbers = classNumbers(all->classNames(), classes);
    if (all->labelKind() == LabelKind::Class) return picturesOf(std::move(all), numbers);
    return std::make_shared<ChosenClasses>(std::move(all), std::move(numbers));
}

}  // namespace qat
