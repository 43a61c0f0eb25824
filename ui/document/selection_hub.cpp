// Keeps the selection and tells of every difference once.
#include "document/selection_hub.h"

#include <algorithm>

namespace qat::ui {

LayerId SelectionHub::idOf(const QString& layer) {
    const auto found = m_ids.constFind(layer);
    if (found != m_ids.constEnd()) return *found;
    const LayerId id = static_cast<LayerId>(m_names.size());
    m_names.append(layer);
    m_ids.insert(layer, id);
    return id;
}

QStringList SelectionHub::namesOf(const QSet<LayerId>& ids) const {
    QList<LayerId> ordered(ids.begin(), ids.end());
    std::sort(ordered.begin(), ordered.end());
    QStringList names;
    for (const LayerId id : ordered) names.append(nameOf(id));
    return names;
}

void SelectionHub::select(const QSet<LayerId>& ids, const void* origin, LayerId current) {
    if (current == kNoLayer || !ids.contains(current)) {
        current = m_current;
        if (!ids.contains(current)) current = ids.isEmpty() ? kNoLayer : *std::min_element(ids.begin(), ids.end());
    }
    Parts parts;
    if (ids != m_selected) parts |= Selected;
    if (current != m_current) parts |= Current;
    m_selected = ids;
    m_current = current;
    if (parts) Q_EMIT changed(parts, origin);
}

void SelectionHub::toggle(LayerId id, const void* origin) {
    QSet<LayerId> ids = m_selected;
    if (!ids.remove(id)) ids.insert(id);
    select(ids, origin, id);
}

void SelectionHub::hover(LayerId id, const void* origin) {
    if (id == m_hovered) return;
    m_hovered = id;
    Q_EMIT changed(Hovered, origin);
}

void SelectionHub::selectImages(const QSet<QString>& paths, const QString& current, const void* origin) {
    if (paths == m_images && current == m_currentImage) return;
    m_images = paths;
    m_currentImage = current;
    Q_EMIT changed(Images, origin);
}

void SelectionHub::clear(const void* origin) {
    select({}, origin);
    selectImages({}, {}, origin);
}

}  // namespace qat::ui
