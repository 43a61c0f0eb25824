// The store is only a holder with one signal.
#include "feed/run_store.h"

#include <utility>

namespace qat::ui {

void RunStore::replace(RunData data) {
    m_data = std::move(data);
    notify(kRunEverything);
}

void RunStore::notify(unsigned mask) {
    if (mask != 0) Q_EMIT changed(mask);
}

}  // namespace qat::ui
