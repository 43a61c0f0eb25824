// Rows of the loader's batches, put together again where some are missing.
#include "session/image_feed.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"

namespace qat {
namespace {

class Feed {
public:
    Feed(const std::shared_ptr<const Dataset>& data, const LoaderOptions& options, int64_t count,
         std::vector<int64_t>* taken)
        : m_loader(data, options), m_left(count), m_batch(options.batch), m_taken(taken) {
        m_loader.startEpoch(0);
    }

    at::Tensor next() {
        const int64_t wanted = std::min(m_left, m_batch);
        while (m_ready < wanted && fetch()) {
        }
        const int64_t rows = std::min(wanted, m_ready);
        require(rows > 0 || m_given > 0 || m_firstDamaged.empty(), ErrorKind::BadInput,
                "there is nothing to look at: not one picture can be decoded, the first is ", m_firstDamaged);
        m_left -= rows;
        m_given += rows;
        return rows > 0 ? take(rows) : at::Tensor();
    }

private:
    // Images that wait, and their indices.
    struct Rows {
        at::Tensor images;
        std::vector<int64_t> indices;
    };

    // False at the end of the data.
    bool fetch() {
        const auto batch = m_loader.next();
        if (!batch) return false;
        std::vector<int64_t> rows, indices;
        for (size_t i = 0; i < batch->info.size(); ++i) {
            const ImageInfo& info = batch->info[i];
            if (info.damaged && m_firstDamaged.empty()) m_firstDamaged = info.path;
            if (info.damaged) continue;
            rows.push_back(static_cast<int64_t>(i));
            indices.push_back(info.index);
        }
        if (rows.empty()) return true;
        const bool whole = rows.size() == batch->info.size();
        m_waiting.push_back({whole ? batch->images : batch->images.index_select(0, at::tensor(rows)), indices});
        m_ready += static_cast<int64_t>(rows.size());
        return true;
    }

    // A batch of the loader as it is, wherever nothing is missing.
    at::Tensor take(int64_t rows) {
        std::vector<at::Tensor> parts;
        for (int64_t missing = rows; missing > 0;) {
            Rows& first = m_waiting.front();
            const int64_t some = std::min(missing, first.images.size(0));
            parts.push_back(first.images.slice(0, 0, some));
            if (m_taken) m_taken->insert(m_taken->end(), first.indices.begin(), first.indices.begin() + some);
            missing -= some;
            if (some == first.images.size(0)) {
                m_waiting.erase(m_waiting.begin());
                continue;
            }
            first.images = first.images.slice(0, some);
            first.indices.erase(first.indices.begin(), first.indices.begin() + some);
        }
        m_ready -= rows;
        return parts.size() == 1 ? parts.front() : at::cat(parts).contiguous(at::MemoryFormat::ChannelsLast);
    }

    Loader m_loader;
    int64_t m_left, m_ready = 0, m_given = 0;
    const int64_t m_batch;
    std::vector<int64_t>* const m_taken;
    std::vector<Rows> m_waiting;
    std::string m_firstDamaged;
};

}  // namespace

std::function<at::Tensor()> feedImages(const std::shared_ptr<const Dataset>& data, const LoaderOptions& options,
                                       int64_t count, std::vector<int64_t>* taken) {
    return [feed = std::make_shared<Feed>(data, options, count, taken)] { return feed->next(); };
}

}  // namespace qat
