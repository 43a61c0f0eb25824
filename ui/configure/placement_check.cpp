// One check at a time; what is edited meanwhile is checked once at its end.
#include "configure/placement_check.h"

#include "document/document.h"
#include "feed/trouble.h"

namespace qat::ui {

PlacementCheck::PlacementCheck(Document* document, QObject* parent) : QObject(parent), m_document(document) {
    m_pool.setMaxThreadCount(1);
    connect(document, &Document::readingChanged, this, &PlacementCheck::follow);
    // Another document was opened: findings about the one before would be taken for its own.
    connect(&document->described(), &DescribedModel::changed, this, [this] {
        if (!m_document->described().model() && m_document->described().trouble().isEmpty()) forget();
    });
    if (document->isOpen()) follow();
}

PlacementCheck::~PlacementCheck() {
    m_pool.waitForDone();
}

QString PlacementCheck::sentence() const {
    if (!m_document->isOpen()) return tr("No configuration is open.");
    if (m_document->reader().reading()->errors > 0)
        return tr("Placement is checked once the configuration has no errors.");
    if (!m_trouble.isEmpty()) return m_trouble;
    return m_report ? QString() : tr("Checking where the quantizers stand…");
}

// The document waits for a pause in typing before it reads, so nothing more is to be held back here.
void PlacementCheck::follow() {
    if (!m_document->isOpen() || m_document->reader().reading()->errors > 0) return forget();
    ++m_generation;
    start();
}

void PlacementCheck::forget() {
    ++m_generation;
    m_again = false;
    m_report.reset();
    m_trouble.clear();
    Q_EMIT changed();
}

PlacementCheck::Answer PlacementCheck::ask(const Config& config) {
    Answer answer;
    answer.trouble =
        troubleOf([&] { answer.report = std::make_shared<const PlacementReport>(describePlacement(config)); });
    return answer;
}

void PlacementCheck::start() {
    m_again = m_busy;
    if (m_busy) return;
    m_busy = true;
    m_pool.start([this, generation = m_generation, config = resolvedConfig(*m_document)] {
        const Answer answer = ask(config);
        QMetaObject::invokeMethod(
            this, [this, answer, generation] { take(answer, generation); }, Qt::QueuedConnection);
    });
}

void PlacementCheck::take(const Answer& answer, int generation) {
    m_busy = false;
    if (generation == m_generation) {
        m_report = answer.report;
        m_trouble = answer.trouble;
        Q_EMIT changed();
    }
    if (m_again) start();
}

}  // namespace qat::ui
