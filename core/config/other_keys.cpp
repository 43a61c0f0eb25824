// Document by document what keys mean, and moving their values to where the table has them.
#include "config/other_keys.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "base/error.h"
#include "base/text.h"
#include "config/data_name.h"
#include "config/edit_text.h"
#include "config/names.h"
#include "config/slot.h"

namespace qat {
namespace {

struct Word {
    std::string_view theirs, own;
};

constexpr std::array kOptimizers{Word{"sgd", "SGD"}, Word{"adam", "Adam"}, Word{"adamw", "AdamW"},
                                 Word{"musgd", "MuSGD"}};

// A key that says what one of ours says.
struct Same {
    std::string_view path, own;
    std::span<const Word> words{};  // values with another name
};
constexpr std::array kSame{
    Same{"model.name", "model.architecture"},
    Same{"quantization.weight_bit_width", "quantization.weight.bit_width"},
    Same{"quantization.act_bit_width", "quantization.activation.bit_width"},
    Same{"dataset.num_workers", "run.workers"},
    Same{"loss.name", "train_params.loss"},
    Same{"loss.label_smoothing", "train_params.label_smoothing"},
    Same{"training.batch_size", "train_params.batch_size"},
    Same{"training.epochs", "train_params.epochs"},
    Same{"optimizer.name", "train_params.optimizer", kOptimizers},
    Same{"optimizer.learning_rate", "train_params.lr"},
    Same{"optimizer.momentum", "train_params.momentum"},
    Same{"optimizer.weight_decay", "train_params.weight_decay"},
    Same{"scheduler.name", "train_params.lr_scheduler"},
    Same{"scheduler.T_max", "train_params.lr_period"},
    Same{"scheduler.warmup_epochs", "train_params.warmup_epochs"},
    Same{"checkpoint.dir", "run.output"},
    Same{"seed.enabled", "run.deterministic"},
    Same{"seed.value", "run.seed"},
};

// A switch that changes nothing, or something only in one of its positions.
struct Switch {
    std::string_view path, whenOn, whenOff;
    std::string_view own{}, ownWhenOff{};  // what it sets when it is off
    bool warnsWhenOn = false;
};
constexpr std::array kSwitches{
    Switch{"amp.enabled",
           "does nothing: training computes in float32 here, which is slower and never less exact",
           "says how it is here: training computes in float32",
           {},
           {},
           true},
    Switch{"dataset.download", "fetches nothing: the files must lie in dataset.root", "says how it is here"},
    Switch{"checkpoint.enabled", "says how it is here: train_params.checkpoint_every tells how often",
           "is train_params.checkpoint_every 0 here: a checkpoint at the end of each epoch",
           "train_params.checkpoint_every", "0"},
    Switch{"checkpoint.save_best", "says how it is here: weights/best is that of the best epoch",
           "does nothing: weights/best is written besides weights/last, and costs nothing"},
};

constexpr std::string_view kDataName = "dataset.name", kDataRoot = "dataset.root", kDataPath = "data.path";
constexpr std::string_view kUsualRoot = "./data";
constexpr std::array<std::string_view, 2> kFolders{"imagenet", "folder"};  // of a folder for each class

// Sections that hold such keys alone.
constexpr std::array<std::string_view, 8> kSections{"seed",      "dataset",   "loss", "training",
                                                    "optimizer", "scheduler", "amp",  "checkpoint"};

std::vector<std::string> dataNames() {
    std::vector<std::string> names(kClassSets.begin(), kClassSets.end());
    names.insert(names.end(), kFolders.begin(), kFolders.end());
    return names;
}

bool isDataName(std::string_view name) {
    const std::vector<std::string> names = dataNames();
    return std::ranges::find(names, name) != names.end();
}

const YamlItem* itemAt(const YamlItem& root, std::string_view path) {
    return findItem(root, parsePath(path));
}

std::string ownWord(const Same& row, std::string_view theirs) {
    const auto word = std::ranges::find(row.words, theirs, &Word::theirs);
    return std::string(word == row.words.end() ? theirs : word->own);
}
std::string theirWord(const Same& row, std::string_view own) {
    const auto word = std::ranges::find(row.words, own, &Word::own);
    return std::string(word == row.words.end() ? own : word->theirs);
}

std::optional<bool> switchAt(std::string_view text) {
    std::string word(text.substr(0, 8));
    for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (word == "true" || word == "yes" || word == "on") return true;
    if (word == "false" || word == "no" || word == "off") return false;
    return std::nullopt;
}

YamlItem scalar(const YamlItem& place, std::string text) {
    YamlItem item = place;
    auto node = std::make_shared<YamlNode>(*place.node);
    node->text = std::move(text);
    item.node = std::move(node);
    return item;
}

// A tree under construction: values are moved between the sections of the root.
class Rewriter {
public:
    explicit Rewriter(const YamlItem& root) : m_before(root), m_root(std::make_shared<YamlNode>(*root.node)) {
        m_words.root = root;
    }

    OwnWords words() && {
        for (const Same& row : kSame) same(row);
        for (const Switch& row : kSwitches) flip(row);
        data();
        for (const std::string_view section : kSections) refuseRest(section);
        if (!m_words.spellings.empty() || !m_words.complaints.empty()) m_words.root.node = m_root;
        return std::move(m_words);
    }

private:
    // The value at a path, taken out of its section; null if there is none.
    const YamlItem* taken(std::string_view path) {
        const YamlItem* item = itemAt(m_before, path);
        if (!item || !item->key) return nullptr;
        const std::string_view sectionName = path.substr(0, path.find('.'));
        for (size_t i = 0; i < m_root->items.size(); ++i) {
            YamlItem& section = m_root->items[i];
            if (section.key->text != sectionName || !section.node->isMap()) continue;
            auto left = std::make_shared<YamlNode>(*section.node);
            std::erase_if(left->items, [&](const YamlItem& child) { return child.key == item->key; });
            const bool gone = left->items.empty();
            section.node = std::move(left);
            if (gone) m_root->items.erase(m_root->items.begin() + static_cast<std::ptrdiff_t>(i));
            break;
        }
        return item;
    }

    void say(const YamlItem& item, std::string_view path, std::string_view own, std::string meaning) {
        m_words.spellings.push_back(
            {item.key->offset, item.offset, std::string(path), std::string(own), std::move(meaning)});
    }
    void complain(Severity severity, const YamlItem& item, std::string_view path, std::string message) {
        m_words.complaints.push_back({severity, item.offset, std::string(path), std::move(message)});
    }

    // Puts a value under a key of the table; its key keeps the place of the one it came from.
    void put(std::string_view path, YamlItem item) {
        const std::vector<PathStep> steps = parsePath(path);
        putBelow(*m_root, steps, 0, std::move(item));
    }
    static void putBelow(YamlNode& map, const std::vector<PathStep>& steps, size_t depth, YamlItem item) {
        auto key = std::make_shared<YamlNode>(*item.key);
        key->text = steps[depth].key;
        const bool last = depth + 1 == steps.size();
        if (!last)
            for (YamlItem& child : map.items) {
                if (child.key->text != steps[depth].key || !child.node->isMap()) continue;
                auto changed = std::make_shared<YamlNode>(*child.node);
                putBelow(*changed, steps, depth + 1, std::move(item));
                child.node = std::move(changed);
                return;
            }
        YamlItem added = item;
        added.key = key;
        if (!last) {
            auto section = std::make_shared<YamlNode>();
            section->kind = YamlNode::Kind::Map;
            section->offset = item.offset;
            putBelow(*section, steps, depth + 1, std::move(item));
            added.node = std::move(section);
        }
        map.items.push_back(std::move(added));
    }

    void same(const Same& row) {
        const YamlItem* item = taken(row.path);
        if (!item) return;
        say(*item, row.path, row.own, str("is ", row.own, " here"));
        put(row.own, item->node->isScalar() ? scalar(*item, ownWord(row, item->node->text)) : *item);
    }

    void flip(const Switch& row) {
        const YamlItem* item = taken(row.path);
        if (!item) return;
        const auto on = item->node->isScalar() ? switchAt(item->node->text) : std::nullopt;
        if (item->node->isNull()) return say(*item, row.path, row.own, "is empty");
        if (!on) {
            say(*item, row.path, row.own, "is no switch");
            return complain(Severity::Error, *item, row.path,
                            str(row.path, " is ", item->node->isScalar() ? excerpt(item->node->text) : "no value",
                                ", expected true or false"));
        }
        say(*item, row.path, row.own, std::string(*on ? row.whenOn : row.whenOff));
        if (*on && row.warnsWhenOn) complain(Severity::Warning, *item, row.path, str(row.path, " ", row.whenOn));
        if (!*on && !row.own.empty()) put(row.own, scalar(*item, std::string(row.ownWhenOff)));
    }

    void data() {
        const YamlItem* named = taken(kDataName);
        const YamlItem* root = taken(kDataRoot);
        if (!named && !root) return;
        const YamlItem& place = named ? *named : *root;
        if (root) say(*root, kDataRoot, kDataPath, str("is the folder in ", kDataPath, " here"));
        if (named) say(*named, kDataName, kDataPath, str("is the name in ", kDataPath, " here"));
        const bool plain = (!named || named->node->isScalar()) && (!root || root->node->isScalar());
        if (!plain || !named)
            return complain(Severity::Error, place, named ? kDataName : kDataRoot,
                            named ? str(kDataName, " and ", kDataRoot, " are expected to be one value each")
                                  : str(kDataRoot, " is stated without ", kDataName));
        if (!isDataName(named->node->text))
            return complain(
                Severity::Error, *named, kDataName,
                str(kDataName, " is ", excerpt(named->node->text), ", expected ", joinedWords(dataNames(), ", ")));
        const std::string_view folder = root ? std::string_view(root->node->text) : kUsualRoot;
        put(kDataPath, scalar(place, dataPath(named->node->text, folder)));
    }

    // What is left of a section is known to nobody.
    void refuseRest(std::string_view name) {
        const auto section =
            std::ranges::find_if(m_root->items, [&](const YamlItem& i) { return i.key->text == name; });
        if (section == m_root->items.end()) return;
        const std::string own(name);
        if (section->node->isScalar() || section->node->isSequence())
            m_words.complaints.push_back(
                {Severity::Error, section->offset, own,
                 str(own, " is ", section->node->isScalar() ? excerpt(section->node->text) : "a list",
                     ", expected a section with keys below it")});
        for (const YamlItem& child : section->node->isMap() ? section->node->items : std::vector<YamlItem>{}) {
            const std::string path = str(own, ".", excerpt(child.key ? child.key->text : ""));
            if (child.key)
                m_words.complaints.push_back(
                    {Severity::Error, child.key->offset, path, str(path, " is not a known key", nearest(own, path))});
        }
        m_root->items.erase(section);
    }
    static std::string nearest(const std::string& section, const std::string& path) {
        std::vector<std::string> known;
        for (const OtherKeyHelp& key : otherKeys())
            if (key.path.starts_with(section + ".")) known.push_back(key.path);
        const std::string meant = closestName(path, known);
        return meant.empty() ? "" : str(" (did you mean ", meant, "?)");
    }

    // cifar10 and a folder; folders of pictures have no name of a data set before them.
    static std::string dataPath(std::string_view name, std::string_view folder) {
        return std::ranges::find(kFolders, name) != kFolders.end() ? std::string(folder) : str(name, ":", folder);
    }

    const YamlItem& m_before;
    std::shared_ptr<YamlNode> m_root;
    OwnWords m_words;
};

}  // namespace

OwnWords inOwnWords(const YamlItem& root) {
    if (!root.node->isMap()) return {root, {}, {}};
    return Rewriter(root).words();
}

std::vector<std::string> spelledBy(const YamlItem& root, std::string_view path) {
    std::vector<std::string> found;
    const auto look = [&](std::string_view theirs, std::string_view own) {
        if (own == path && itemAt(root, theirs)) found.emplace_back(theirs);
    };
    for (const Same& row : kSame) look(row.path, row.own);
    for (const Switch& row : kSwitches) look(row.path, row.own);
    look(kDataName, kDataPath);
    look(kDataRoot, kDataPath);
    return found;
}

SpelledEdit spelledEdit(const YamlItem& root, std::string_view path, std::string_view value) {
    const std::vector<std::string> theirs = itemAt(root, path) ? std::vector<std::string>{} : spelledBy(root, path);
    if (theirs.empty()) return {{}, {{std::string(path), std::string(value)}}};
    const auto row = std::ranges::find(kSame, theirs.front(), &Same::path);
    if (row != kSame.end()) return {{}, {{theirs.front(), theirWord(*row, value)}}};
    SpelledEdit edit{theirs, {}};
    edit.set.push_back({std::string(path), std::string(value)});
    return edit;
}

std::optional<std::vector<SpelledValue>> ownSettings(std::string_view path, std::string_view value) {
    for (const Same& row : kSame)
        if (row.path == path) return {{{std::string(row.own), ownWord(row, value)}}};
    for (const Switch& row : kSwitches) {
        if (row.path != path) continue;
        const auto on = switchAt(value);
        require(on.has_value(), ErrorKind::BadInput, path, " is ", excerpt(value), ", expected true or false");
        if (*on || row.own.empty()) return std::vector<SpelledValue>{};
        return {{{std::string(row.own), std::string(row.ownWhenOff)}}};
    }
    require(path != kDataName && path != kDataRoot, ErrorKind::BadInput, path, " says half of ", kDataPath,
            ", so give that: --set ", kDataPath, "=NAME:FOLDER");
    return std::nullopt;
}

std::vector<OtherKeyHelp> otherKeys() {
    std::vector<OtherKeyHelp> keys;
    for (const std::string_view path : {kDataName, kDataRoot})
        keys.push_back({std::string(path), std::string(kDataPath),
                        str("`", kDataPath, "`, `NAME:FOLDER`; of `imagenet` and `folder` the folder alone")});
    for (const Same& row : kSame) keys.push_back({std::string(row.path), std::string(row.own), str("`", row.own, "`")});
    for (const Switch& row : kSwitches)
        keys.push_back(
            {std::string(row.path), std::string(row.own), str("true ", row.whenOn, "; false ", row.whenOff)});
    return keys;
}

}  // namespace qat
