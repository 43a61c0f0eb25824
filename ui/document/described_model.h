// The model that a configuration names, as the core describes it.
#pragma once

#include <QObject>
#include <QString>
#include <QThreadPool>
#include <memory>
#include <optional>

#include "session/inspect.h"

namespace qat::ui {

// One description at a time, in a pool; of those asked for meanwhile the last is made at its end.
class DescribedModel : public QObject {
    Q_OBJECT
public:
    explicit DescribedModel(QObject* parent = nullptr);
    ~DescribedModel() override;

    // The newest description; null until there is one. trouble() says why there is none, "" if all is well.
    std::shared_ptr<const ModelDescription> model() const { return m_shown.model; }
    const QString& trouble() const { return m_shown.trouble; }
    // The text that model() describes.
    const QString& text() const { return m_shown.text; }
    bool isRunning() const { return m_running; }

    // `config`: what the text says, its paths resolved.
    void describe(const QString& text, const Config& config);
    // There is nothing to describe, and what is being described is of no interest.
    void clear();

Q_SIGNALS:
    void changed();

private:
    struct Description {
        QString text, trouble;
        std::shared_ptr<const ModelDescription> model;
    };
    struct Wanted {
        QString text;
        Config config;
    };
    void take(const Description& description, int generation);

    Description m_shown;
    bool m_running = false;
    std::optional<Wanted> m_next;
    QThreadPool m_pool;
    int m_generation = 0;
};

}  // namespace qat::ui
