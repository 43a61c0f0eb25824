// A short queue of batches under construction; workers take single pictures from it, next() takes whole batches.
#include "data/loader.h"

#include <ATen/ATen.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <opencv2/core/utility.hpp>
#include <system_error>
#include <thread>

#include "base/error.h"
#include "config/image_size.h"
#include "data/augment.h"
#include "data/batch_plan.h"
#include "data/class_frame.h"
#include "data/pixels.h"
#include "data/sample_cache.h"

namespace qat {
namespace {

constexpr size_t kPrefetch = 3;        // batches under construction or ready
constexpr int64_t kPartnerReach = 48;  // mosaic partners lie at most so far away in the epoch's order
constexpr size_t kCacheBytes = 192 << 20;

struct Epoch {
    int64_t number = 0;
    bool mosaic = true;
    std::vector<int64_t> order;
};

// A batch under construction. Each picture's places are written by one worker only.
struct Slot {
    std::shared_ptr<const Epoch> epoch;
    int64_t first = 0;  // position of its first picture in the epoch's order
    cv::Size input;
    at::Tensor images;
    std::vector<ImageInfo> info;
    std::vector<std::vector<ObjectLabel>> labels;  // as shares of the input
    std::vector<std::exception_ptr> errors;
    size_t unfinished = 0;
};

struct Task {
    std::shared_ptr<Slot> slot;
    size_t image = 0;
};

void checkOptions(const LoaderOptions& options) {
    const auto within = [](int value, int low, int high, const char* name) {
        require(value >= low && value <= high, ErrorKind::BadInput, name, " must be from ", low, " to ", high, ", not ",
                value);
    };
    within(options.imgsz, kSmallestImageSize, kLargestImageSize, "imgsz");
    within(options.rectStep, 1, kLargestImageSize, "the step of rectangles");
    within(options.batch, 1, 4096, "batch size");
    within(options.workers, 0, 256, "workers");
    require(!options.rect || (!options.shuffle && !options.augment), ErrorKind::BadInput,
            "rectangular batches go with neither shuffling nor augmentation");
}

at::Tensor collectTargets(const std::vector<std::vector<ObjectLabel>>& labels) {
    size_t count = 0;
    for (const auto& ofImage : labels) count += ofImage.size();
    at::Tensor targets = at::empty({static_cast<int64_t>(count), 6}, at::kFloat);
    float* row = targets.data_ptr<float>();
    for (size_t image = 0; image < labels.size(); ++image)
        for (const ObjectLabel& label : labels[image]) {
            const std::array<float, 6> values{
                static_cast<float>(image), static_cast<float>(label.classIndex), label.x, label.y, label.w, label.h};
            row = std::copy(values.begin(), values.end(), row);
        }
    return targets;
}

at::Tensor collectClasses(const std::vector<ImageInfo>& info) {
    at::Tensor targets = at::empty({static_cast<int64_t>(info.size())}, at::kLong);
    std::ranges::transform(info, targets.data_ptr<int64_t>(), &ImageInfo::pictureClass);
    return targets;
}

}  // namespace

class Loader::Engine {
public:
    Engine(std::shared_ptr<const Dataset> dataset, const LoaderOptions& options)
        : m_dataset(std::move(dataset)),
          m_options(options),
          m_plan(*m_dataset, options),
          m_cache([this](int64_t index) { return readLongSide(index); }, kCacheBytes) {
        startThreads();
    }
    ~Engine() { stopThreads(); }

    const BatchPlan& plan() const { return m_plan; }
    void start(int64_t number, int64_t firstBatch, bool mosaic);
    std::optional<Batch> next();

private:
    void startThreads();
    void stopThreads();
    void abandon();
    void schedule();
    std::shared_ptr<Slot> finishFront();
    void work();
    void runTask(const Task& task);
    void prepare(Slot& slot, size_t image);
    void prepareClass(Slot& slot, size_t image, int64_t index, float* output);
    Sample readLongSide(int64_t index) const;
    Sample augmented(const Slot& slot, int64_t position);

    const std::shared_ptr<const Dataset> m_dataset;
    const LoaderOptions m_options;
    const BatchPlan m_plan;
    SampleCache m_cache;

    // Of the consumer's thread alone.
    std::shared_ptr<const Epoch> m_epoch;
    int64_t m_nextBatch = 0;
    std::deque<std::shared_ptr<Slot>> m_slots;

    std::mutex m_mutex;
    std::condition_variable m_taskAdded, m_slotFinished;
    std::deque<Task> m_tasks;
    bool m_stopping = false;

    std::vector<std::thread> m_threads;  // last: they use everything above
};

// Those that run already are stopped if one cannot be started: a thread must not outlive its object.
void Loader::Engine::startThreads() {
    try {
        for (int i = 0; i < m_options.workers; ++i) m_threads.emplace_back([this] { work(); });
    } catch (const std::system_error& error) {
        const size_t started = m_threads.size();
        stopThreads();
        fail(ErrorKind::Io, "cannot start ", m_options.workers, " loader threads (run.workers, --workers), only ",
             started, ": ", error.code().message());
    }
}

void Loader::Engine::stopThreads() {
    {
        const std::lock_guard lock(m_mutex);
        m_stopping = true;
        m_tasks.clear();
    }
    m_taskAdded.notify_all();
    for (auto& thread : m_threads) thread.join();
    m_threads.clear();
}

void Loader::Engine::abandon() {
    const std::lock_guard lock(m_mutex);
    m_tasks.clear();
    m_slots.clear();  // tasks that run now keep theirs alive
    m_nextBatch = m_plan.batches();
}

void Loader::Engine::start(int64_t number, int64_t firstBatch, bool mosaic) {
    ensure(number >= 0 && firstBatch >= 0, "epoch and first batch are not negative");
    abandon();
    m_epoch = std::make_shared<const Epoch>(Epoch{number, mosaic, m_plan.order(number)});
    m_nextBatch = std::min(firstBatch, m_plan.batches());
    schedule();
}

// Fills the queue up to its bound.
void Loader::Engine::schedule() {
    while (m_slots.size() < kPrefetch && m_nextBatch < m_plan.batches()) {
        auto slot = std::make_shared<Slot>();
        slot->epoch = m_epoch;
        slot->first = m_nextBatch * m_options.batch;
        slot->input = m_plan.inputSize(m_nextBatch);
        const auto images = static_cast<int64_t>(m_epoch->order.size());
        const auto count = static_cast<size_t>(std::min<int64_t>(m_options.batch, images - slot->first));
        slot->images = at::empty({static_cast<int64_t>(count), 3, slot->input.height, slot->input.width},
                                 at::TensorOptions(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast));
        slot->info.resize(count);
        slot->labels.resize(count);
        slot->errors.resize(count);
        slot->unfinished = count;
        {
            const std::lock_guard lock(m_mutex);
            for (size_t i = 0; i < count; ++i) m_tasks.push_back({slot, i});
        }
        m_taskAdded.notify_all();
        m_slots.push_back(std::move(slot));
        ++m_nextBatch;
    }
}

// The oldest batch, complete. Without workers its pictures are prepared here.
std::shared_ptr<Slot> Loader::Engine::finishFront() {
    auto slot = std::move(m_slots.front());
    m_slots.pop_front();
    std::unique_lock lock(m_mutex);
    while (m_threads.empty() && !m_tasks.empty() && m_tasks.front().slot == slot) {
        const Task task = std::move(m_tasks.front());
        m_tasks.pop_front();
        lock.unlock();
        runTask(task);
        lock.lock();
    }
    m_slotFinished.wait(lock, [&] { return slot->unfinished == 0; });
    return slot;
}

std::optional<Batch> Loader::Engine::next() {
    ensure(m_epoch != nullptr, "startEpoch before next");
    if (m_slots.empty()) return std::nullopt;
    const auto slot = finishFront();
    for (const auto& error : slot->errors) {
        if (!error) continue;
        abandon();
        std::rethrow_exception(error);
    }
    schedule();
    const bool boxes = m_dataset->labelKind() == LabelKind::Boxes;
    return Batch{std::move(slot->images), boxes ? collectTargets(slot->labels) : collectClasses(slot->info),
                 std::move(slot->info)};
}

void Loader::Engine::work() {
    std::unique_lock lock(m_mutex);
    while (true) {
        m_taskAdded.wait(lock, [this] { return m_stopping || !m_tasks.empty(); });
        if (m_stopping) return;
        const Task task = std::move(m_tasks.front());
        m_tasks.pop_front();
        lock.unlock();
        runTask(task);
        lock.lock();
    }
}

void Loader::Engine::runTask(const Task& task) {
    Slot& slot = *task.slot;
    try {
        prepare(slot, task.image);
    } catch (...) {
        slot.errors[task.image] = std::current_exception();
    }
    bool finished;
    {
        const std::lock_guard lock(m_mutex);
        finished = --slot.unfinished == 0;
    }
    if (finished) m_slotFinished.notify_one();
}

void Loader::Engine::prepare(Slot& slot, size_t image) {
    const auto position = slot.first + static_cast<int64_t>(image);
    const int64_t index = slot.epoch->order[static_cast<size_t>(position)];
    const auto pixels = static_cast<size_t>(slot.input.area()) * 3;
    float* const output = slot.images.data_ptr<float>() + image * pixels;
    ImageInfo& info = slot.info[image];
    info.index = index;
    if (m_dataset->labelKind() == LabelKind::Class) return prepareClass(slot, image, index, output);
    if (m_options.augment) {
        Sample sample = augmented(slot, position);
        info.path = std::move(sample.path);
        info.width = sample.image.cols;
        info.height = sample.image.rows;
        info.labels = slot.labels[image] = std::move(sample.labels);
        writeNetworkInput(sample.image, output);
        return;
    }
    Sample sample = m_dataset->read(index);
    const Letterbox box = letterbox(sample.image, slot.input, m_options.letterbox, m_options.imgsz);
    info.path = std::move(sample.path);
    info.damaged = sample.damaged;
    info.width = sample.image.cols;
    info.height = sample.image.rows;
    info.ratio = box.geometry.ratio;
    info.padLeft = static_cast<float>(box.geometry.padLeft);
    info.padTop = static_cast<float>(box.geometry.padTop);
    for (const ObjectLabel& label : sample.labels) slot.labels[image].push_back(toInput(label, box.geometry));
    info.labels = std::move(sample.labels);
    writeNetworkInput(box.image, output);
}

void Loader::Engine::prepareClass(Slot& slot, size_t image, int64_t index, float* output) {
    Sample sample = m_dataset->read(index);
    ImageInfo& info = slot.info[image];
    info.path = std::move(sample.path);
    info.damaged = sample.damaged;
    info.width = sample.image.cols;
    info.height = sample.image.rows;
    info.pictureClass = sample.pictureClass;
    const Random random =
        Random::forItem(m_options.seed, static_cast<uint64_t>(slot.epoch->number), static_cast<uint64_t>(index));
    writeNetworkInput(m_options.augment ? classCrop(sample.image, m_options.imgsz, *m_options.augment, random)
                                        : classFrame(sample.image, m_options.imgsz),
                      output);
}

Sample Loader::Engine::readLongSide(int64_t index) const {
    Sample sample = m_dataset->read(index);
    sample.image = resizeLongSide(sample.image, m_options.imgsz);
    return sample;
}

// Partners come from the neighbourhood in the shuffled order: as random as any, and most of them are in the cache.
Sample Loader::Engine::augmented(const Slot& slot, int64_t position) {
    const auto& order = slot.epoch->order;
    const auto images = static_cast<int64_t>(order.size());
    const int64_t begin = std::max<int64_t>(0, position - kPartnerReach);
    const int64_t end = std::min(images, position + kPartnerReach + 1);
    const std::span partners(order.data() + begin, static_cast<size_t>(end - begin));
    const bool mosaic = slot.epoch->mosaic && m_options.augment->mosaic > 0;
    const SampleSource source = [&](int64_t index) { return mosaic ? m_cache.get(index) : readLongSide(index); };
    const int64_t index = order[static_cast<size_t>(position)];
    const Random random =
        Random::forItem(m_options.seed, static_cast<uint64_t>(slot.epoch->number), static_cast<uint64_t>(index));
    return augmentSample(index, partners, source, m_options.imgsz, *m_options.augment, mosaic, random);
}

Loader::Loader(std::shared_ptr<const Dataset> dataset, LoaderOptions options) {
    ensure(dataset != nullptr, "a data set");
    require(dataset->size() > 0, ErrorKind::BadInput, "the data set has no pictures");
    checkOptions(options);
    require(!options.rect || dataset->labelKind() == LabelKind::Boxes, ErrorKind::BadInput,
            "rectangular batches are for boxes: pictures of one class each are cut to squares");
    cv::setNumThreads(0);
    m_engine = std::make_unique<Engine>(std::move(dataset), options);
}

Loader::~Loader() = default;

int64_t Loader::batchesPerEpoch() const {
    return m_engine->plan().batches();
}

void Loader::startEpoch(int64_t epoch, int64_t firstBatch, bool mosaic) {
    m_engine->start(epoch, firstBatch, mosaic);
}

std::string inputShapeText(int imgsz, bool rect) {
    return rect ? str("rectangles with a long side of ", imgsz) : str(imgsz, "x", imgsz);
}

std::optional<Batch> Loader::next() {
    return m_engine->next();
}

}  // namespace qat
