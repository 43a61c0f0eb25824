// Holds one run's data for the pages and tells them, at most once per tick, what has changed.
#pragma once

#include <QObject>

#include "feed/run_data.h"

namespace qat::ui {

class RunStore : public QObject {
    Q_OBJECT
public:
    explicit RunStore(QObject* parent = nullptr) : QObject(parent) {}

    const RunData& data() const { return m_data; }
    // The feed fills the data through this and then calls notify() once.
    RunData& edit() { return m_data; }
    void replace(RunData data);
    void notify(unsigned mask);

Q_SIGNALS:
    // mask: RunChange bits.
    void changed(unsigned mask);

private:
    RunData m_data;
};

}  // namespace qat::ui
