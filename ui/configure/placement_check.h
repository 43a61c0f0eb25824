// What runtimes make of the open configuration's quantizers, brought up to date in the background after every edit.
#pragma once

#include <QObject>
#include <QString>
#include <QThreadPool>
#include <memory>

#include "session/placement.h"

namespace qat::ui {

class Document;

class PlacementCheck : public QObject {
    Q_OBJECT
public:
    explicit PlacementCheck(Document* document, QObject* parent = nullptr);
    ~PlacementCheck() override;

    // Of the newest configuration without errors; null before the first check has ended, and while there are errors.
    std::shared_ptr<const PlacementReport> report() const { return m_report; }
    // Why there is no report, as one sentence; "" where there is one.
    QString sentence() const;

Q_SIGNALS:
    void changed();

private:
    struct Answer {
        std::shared_ptr<const PlacementReport> report;
        QString trouble;
    };
    static Answer ask(const Config& config);
    void follow();
    void forget();
    void start();
    void take(const Answer& answer, int generation);

    Document* m_document;
    std::shared_ptr<const PlacementReport> m_report;
    QString m_trouble;
    QThreadPool m_pool;
    int m_generation = 0;  // of the configuration wanted last; answers about older ones are dropped
    bool m_busy = false, m_again = false;
};

}  // namespace qat::ui
