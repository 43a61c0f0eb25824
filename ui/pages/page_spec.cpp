// Looks pages up in their list.
#include "pages/page_spec.h"

#include <algorithm>

namespace qat::ui {

QString PageSpec::plainTitle() const {
    return QString(title).remove(QLatin1Char('&'));
}

int indexOfPage(const std::vector<PageSpec>& list, const QString& key) {
    const auto found = std::find_if(list.begin(), list.end(), [&](const PageSpec& page) {
        return page.key.compare(key, Qt::CaseInsensitive) == 0;
    });
    return found == list.end() ? -1 : static_cast<int>(found - list.begin());
}

}  // namespace qat::ui
