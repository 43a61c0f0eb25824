// One selection for every view: the layers and images the user looks at, whichever view the click came from.
#pragma once

#include <QHash>
#include <QObject>
#include <QSet>
#include <QString>
#include <QStringList>

namespace qat::ui {

// A small number that stands for a layer name as long as the window lives; -1 = none.
using LayerId = int;
constexpr LayerId kNoLayer = -1;

// Owned by the window. Every view writes with its own address as origin and ignores changes that carry it back.
class SelectionHub : public QObject {
    Q_OBJECT
public:
    enum Part { Selected = 1, Current = 2, Hovered = 4, Images = 8 };
    Q_DECLARE_FLAGS(Parts, Part)

    explicit SelectionHub(QObject* parent = nullptr) : QObject(parent) {}

    // The number of a state-dict name (model.2.m.0.cv1.conv); the same name has the same number in the document and in
    // every run. The document's layers are interned first, so there a number is the index into its layer list.
    LayerId idOf(const QString& layer);
    // "" for kNoLayer and numbers never given out.
    QString nameOf(LayerId id) const { return m_names.value(id); }
    QStringList namesOf(const QSet<LayerId>& ids) const;

    const QSet<LayerId>& selected() const { return m_selected; }
    LayerId current() const { return m_current; }
    LayerId hovered() const { return m_hovered; }
    const QSet<QString>& images() const { return m_images; }  // paths as events.jsonl writes them
    QString currentImage() const { return m_currentImage; }

    // Replaces the selection; current becomes `current`, or stays if still selected, or any selected one.
    void select(const QSet<LayerId>& ids, const void* origin, LayerId current = kNoLayer);
    void toggle(LayerId id, const void* origin);
    void hover(LayerId id, const void* origin);
    void selectImages(const QSet<QString>& paths, const QString& current, const void* origin);
    // Nothing selected, no current layer or image.
    void clear(const void* origin);

Q_SIGNALS:
    // What changed, and who did it; emitted only when something differs.
    void changed(qat::ui::SelectionHub::Parts parts, const void* origin);
    // A double click: the layer (or image) should be opened in its inspector.
    void inspectLayer(qat::ui::LayerId id);
    void inspectImage(const QString& path);

private:
    QHash<QString, LayerId> m_ids;
    QStringList m_names;
    QSet<LayerId> m_selected;
    LayerId m_current = kNoLayer;
    LayerId m_hovered = kNoLayer;
    QSet<QString> m_images;
    QString m_currentImage;
};

Q_DECLARE_OPERATORS_FOR_FLAGS(SelectionHub::Parts)

}  // namespace qat::ui
