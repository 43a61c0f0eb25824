// Descriptions in the background.
#include "document/described_model.h"

#include <utility>

#include "feed/trouble.h"

namespace qat::ui {

DescribedModel::DescribedModel(QObject* parent) : QObject(parent) {
    m_pool.setMaxThreadCount(1);
}

DescribedModel::~DescribedModel() {
    m_pool.waitForDone();
}

void DescribedModel::describe(const QString& text, const Config& config) {
    if (m_running) {
        m_next = {text, config};
        return;
    }
    m_running = true;
    m_pool.start([this, generation = ++m_generation, text, config] {
        Description description{text, {}, nullptr};
        description.trouble =
            troubleOf([&] { description.model = std::make_shared<const ModelDescription>(describeModel(config)); });
        QMetaObject::invokeMethod(
            this, [this, description, generation] { take(description, generation); }, Qt::QueuedConnection);
    });
}

void DescribedModel::take(const Description& description, int generation) {
    m_running = false;
    if (generation == m_generation) {
        m_shown = description;
        Q_EMIT changed();
    }
    if (const std::optional<Wanted> next = std::exchange(m_next, std::nullopt)) describe(next->text, next->config);
}

void DescribedModel::clear() {
    m_shown = {};
    m_next.reset();
    ++m_generation;
    Q_EMIT changed();
}

}  // namespace qat::ui
