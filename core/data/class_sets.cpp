// Where the files lie, what is in them, and the data set of their pixels.
#include "data/class_sets.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace qat {
namespace {

constexpr size_t kMostBytes = size_t{1} << 30;  // of a file, unpacked
constexpr int64_t kCifarSide = 32, kCifarPixels = 3 * kCifarSide * kCifarSide;

const std::vector<std::string> kCifar10{"airplane", "automobile", "bird",  "cat",  "deer",
                                        "dog",      "frog",       "horse", "ship", "truck"};
const std::vector<std::string> kMnist{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
const std::vector<std::string> kFashion{"T-shirt/top", "trouser", "pullover", "dress", "coat",
                                        "sandal",      "shirt",   "sneaker",  "bag",   "ankle boot"};
constexpr std::string_view kCifar100 =
    "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle "
    "caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant "
    "flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man "
    "maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree "
    "plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper "
    "snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train "
    "trout tulip turtle wardrobe whale willow_tree wolf woman worm";

std::vector<std::string> wordsOf(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const size_t length = std::min(text.find(' '), text.size());
        words.emplace_back(text.substr(0, length));
        text.remove_prefix(std::min(length + 1, text.size()));
    }
    return words;
}

// Below the folder itself, or below the one that unpacking makes.
struct SetFiles {
    std::string_view name, folder;
    std::vector<std::string> train, test;  // of idx sets pictures, then classes
};
const std::vector<std::string> kIdxTrain{"train-images-idx3-ubyte", "train-labels-idx1-ubyte"};
const std::vector<std::string> kIdxTest{"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

const SetFiles& filesNamed(std::string_view name) {
    static const std::array sets{
        SetFiles{"cifar10",
                 "cifar-10-batches-bin",
                 {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
                 {"test_batch.bin"}},
        SetFiles{"cifar100", "cifar-100-binary", {"train.bin"}, {"test.bin"}},
        SetFiles{"mnist", "MNIST/raw", kIdxTrain, kIdxTest},
        SetFiles{"fashion_mnist", "FashionMNIST/raw", kIdxTrain, kIdxTest}};
    const auto found = std::ranges::find(sets, name, &SetFiles::name);
    ensure(found != sets.end(), "a set that is known");
    return *found;
}

// The file, or the file compressed, in the first of the places where it is; "" if nowhere.
std::string findFile(const NamedSet& set, const std::string& file) {
    std::error_code unreadable;
    for (const fs::path& place : {fs::path(set.folder), fs::path(set.folder) / filesNamed(set.name).folder})
        for (const char* ending : {"", ".gz"})
            if (const fs::path path = place / (file + ending); fs::is_regular_file(path, unreadable))
                return path.string();
    return {};
}

// Unpacked if it is compressed. Throws for more than kMostBytes, and where the stream breaks off.
std::vector<uint8_t> unpacked(const std::string& file) {
    const auto close = [](gzFile stream) { gzclose(stream); };
    const std::unique_ptr<gzFile_s, decltype(close)> stream(gzopen(file.c_str(), "rb"), close);
    require(stream != nullptr, ErrorKind::Io, "cannot open ", file);
    std::vector<uint8_t> bytes;
    constexpr size_t kPiece = size_t{1} << 20;
    for (int got = 1; got > 0;) {
        const size_t before = bytes.size();
        require(before < kMostBytes, ErrorKind::BadInput, file, " unpacks to more than ", kMostBytes >> 20, " MiB");
        bytes.resize(before + kPiece);
        got = gzread(stream.get(), bytes.data() + before, kPiece);
        bytes.resize(before + static_cast<size_t>(std::max(got, 0)));
    }
    int problem = Z_OK;
    const char* sentence = gzerror(stream.get(), &problem);
    require(problem == Z_OK || problem == Z_STREAM_END, ErrorKind::BadInput, file, " cannot be unpacked: ", sentence);
    return bytes;
}

// Pictures of one size, a class each.
struct Pixels {
    int64_t width = 0, height = 0, channels = 0;
    std::vector<uint8_t> bytes;                            // picture after picture, as cv::Mat has it: row by row, BGR
    std::vector<int32_t> classes;                          // one a picture
    std::vector<std::pair<int64_t, std::string>> files{};  // the first picture of each, and its path
};

void requireClass(int64_t value, int64_t count, const std::string& file, size_t picture) {
    require(value < count, ErrorKind::BadInput, file, "[", picture, "] has class ", value, ", but there are ", count,
            " classes");
}

// Records of one label byte (two of CIFAR-100, of which the fine one counts) and three planes.
void addCifar(Pixels& pixels, const std::string& file, size_t labelBytes, int64_t classes) {
    const std::vector<uint8_t> bytes = unpacked(file);
    const size_t record = labelBytes + kCifarPixels;
    require(!bytes.empty() && bytes.size() % record == 0, ErrorKind::BadInput, file, " has ", bytes.size(),
            " bytes, expected a multiple of ", record, ": ", labelBytes, labelBytes == 1 ? " byte" : " bytes",
            " of labels and 3 x 32 x 32 of pixels each");
    pixels.width = pixels.height = kCifarSide, pixels.channels = 3;
    pixels.files.emplace_back(static_cast<int64_t>(pixels.classes.size()), file);
    pixels.bytes.reserve(pixels.bytes.size() + bytes.size());
    for (size_t i = 0; i < bytes.size() / record; ++i) {
        const uint8_t* at = bytes.data() + i * record;
        requireClass(at[labelBytes - 1], classes, file, i);
        pixels.classes.push_back(at[labelBytes - 1]);
        const uint8_t* planes = at + labelBytes;
        constexpr int64_t kPlane = kCifarSide * kCifarSide;
        for (int64_t p = 0; p < kPlane; ++p)
            for (int64_t c = 2; c >= 0; --c) pixels.bytes.push_back(planes[c * kPlane + p]);
    }
}

uint32_t bigEndian(const std::vector<uint8_t>& bytes, size_t at) {
    return uint32_t{bytes[at]} << 24 | uint32_t{bytes[at + 1]} << 16 | uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

// The sizes of an idx file of bytes with so many dimensions; what follows them is what they say.
std::vector<int64_t> idxSizes(const std::string& file, const std::vector<uint8_t>& bytes, size_t dimensions) {
    const size_t head = 4 + 4 * dimensions;
    require(bytes.size() >= head, ErrorKind::BadInput, file, " has ", bytes.size(), " bytes, fewer than its head of ",
            head);
    const uint32_t magic = bigEndian(bytes, 0), wanted = 0x800 + static_cast<uint32_t>(dimensions);
    require(magic == wanted, ErrorKind::BadInput, file, " begins with ", magic, ", expected ", wanted, ": bytes in ",
            dimensions, dimensions == 1 ? " dimension" : " dimensions");
    std::vector<int64_t> sizes;
    uint64_t total = 1;
    for (size_t i = 0; i < dimensions; ++i) {
        sizes.push_back(bigEndian(bytes, 4 + 4 * i));
        require(sizes.back() > 0 && static_cast<uint64_t>(sizes.back()) <= kMostBytes, ErrorKind::BadInput, file,
                " has a dimension of ", sizes.back());
        total = std::min(total * static_cast<uint64_t>(sizes.back()), uint64_t{2} * kMostBytes);
    }
    require(total == bytes.size() - head, ErrorKind::BadInput, file, " has ", bytes.size() - head,
            " bytes behind its head, which promises ", total);
    return sizes;
}

void addIdx(Pixels& pixels, const std::string& pictures, const std::string& labels, int64_t classes) {
    const std::vector<uint8_t> bytes = unpacked(pictures), own = unpacked(labels);
    const std::vector<int64_t> sizes = idxSizes(pictures, bytes, 3), count = idxSizes(labels, own, 1);
    require(count[0] == sizes[0], ErrorKind::BadInput, labels, " has ", count[0], " classes, but ", pictures, " has ",
            sizes[0], " pictures");
    require(std::max(sizes[1], sizes[2]) <= 4096, ErrorKind::BadInput, pictures, " has pictures of ", sizes[2], " x ",
            sizes[1], " pixels");
    pixels.height = sizes[1], pixels.width = sizes[2], pixels.channels = 1;
    pixels.bytes.assign(bytes.begin() + 16, bytes.end());
    pixels.files.emplace_back(0, pictures);
    for (int64_t i = 0; i < sizes[0]; ++i) {
        pixels.classes.push_back(own[static_cast<size_t>(8 + i)]);
        requireClass(pixels.classes.back(), classes, labels, static_cast<size_t>(i));
    }
}

class PixelDataset final : public Dataset {
public:
    PixelDataset(Pixels pixels, std::vector<std::string> classes, std::vector<std::string> files)
        : m_pixels(std::move(pixels)), m_files(std::move(files)) {
        m_classNames = std::move(classes);
    }
    int64_t size() const override { return static_cast<int64_t>(m_pixels.classes.size()); }
    Sample read(int64_t index) const override {
        const auto bytes = static_cast<size_t>(m_pixels.width * m_pixels.height * m_pixels.channels);
        auto* first = const_cast<uint8_t*>(m_pixels.bytes.data() + bytes * at(index));  // OpenCV knows no const pixels
        const cv::Mat view(imageSize(index), m_pixels.channels == 3 ? CV_8UC3 : CV_8UC1, first);
        cv::Mat image;
        if (m_pixels.channels == 3)
            view.copyTo(image);
        else
            cv::cvtColor(view, image, cv::COLOR_GRAY2BGR);
        return {path(index), std::move(image), {}, false, pictureClass(index)};
    }
    std::vector<ObjectLabel> labels(int64_t) const override { return {}; }
    LabelKind labelKind() const override { return LabelKind::Class; }
    int32_t pictureClass(int64_t index) const override { return m_pixels.classes[at(index)]; }
    // Its number within its file.
    std::string path(int64_t index) const override {
        ensure(index >= 0 && index < size(), "index within the data set");
        const auto next =
            std::ranges::upper_bound(m_pixels.files, index, {}, [](const auto& file) { return file.first; });
        const auto& [first, file] = *std::prev(next);
        return str(file, "[", index - first, "]");
    }
    cv::Size imageSize(int64_t) const override {
        return {static_cast<int>(m_pixels.width), static_cast<int>(m_pixels.height)};
    }
    std::vector<std::string> files() const override { return m_files; }

private:
    size_t at(int64_t index) const {
        ensure(index >= 0 && index < size(), "index within the data set");
        return static_cast<size_t>(index);
    }

    const Pixels m_pixels;
    const std::vector<std::string> m_files;
};

bool isIdx(std::string_view name) {
    return name.ends_with("mnist");
}

}  // namespace

std::vector<std::string> classesOfSet(std::string_view name) {
    if (name == "cifar100") return wordsOf(kCifar100);
    return name == "cifar10" ? kCifar10 : name == "mnist" ? kMnist : kFashion;
}

std::vector<std::string> filesOfSet(const NamedSet& set, DataSplit split) {
    const SetFiles& known = filesNamed(set.name);
    std::vector<std::string> found, missing;
    for (const std::string& file : split == DataSplit::Train ? known.train : known.test) {
        found.push_back(findFile(set, file));
        if (found.back().empty()) missing.push_back(file);
    }
    require(missing.empty(), ErrorKind::BadInput, set.folder.empty() ? "the current folder" : set.folder, " has no ",
            joinedWords(missing, ", "), " of ", set.name, ", nor has ", known.folder,
            " below it; nothing is fetched, so put the files there", isIdx(set.name) ? " (they may end in .gz)" : "");
    return found;
}

std::shared_ptr<const Dataset> openClassSet(const NamedSet& set, DataSplit split) {
    std::vector<std::string> files = filesOfSet(set, split), classes = classesOfSet(set.name);
    const auto count = static_cast<int64_t>(classes.size());
    Pixels pixels;
    if (isIdx(set.name))
        addIdx(pixels, files[0], files[1], count);
    else
        for (const std::string& file : files) addCifar(pixels, file, set.name == "cifar100" ? 2 : 1, count);
    return std::make_shared<PixelDataset>(std::move(pixels), std::move(classes), std::move(files));
}

}  // namespace qat
