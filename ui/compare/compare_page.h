// The Compare perspective: the same images through both networks, worst first.
#pragma once

#include <QThreadPool>
#include <memory>
#include <vector>

#include "compare/comparison.h"
#include "compare/image_cache.h"
#include "compare/view_transform.h"
#include "document/selection_hub.h"
#include "feed/run_store.h"
#include "pages/run_view.h"
#include "style/theme_hub.h"

class QStackedWidget;

namespace qat::ui {

class DamageFilter;
class DamageModel;
class EmptyState;
class FacetModel;
class ImageView;
class ObjectModel;
class PanelHeader;
class RowTable;
class SegmentBar;
class ThemedLabel;
class ThresholdPanel;
class VisibleRefresh;

class ComparePage : public RunView {
    Q_OBJECT
public:
    ComparePage(ThemeHub* hub, SelectionHub* selection, RunStore* store, QWidget* parent = nullptr);

    // The comparison on screen; nullptr before the first is finished.
    std::shared_ptr<const RunComparison> comparison() const { return m_comparison; }
    DamageFilter* images() const { return m_damageFilter; }
    QString currentImage() const { return m_path; }

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    void buildFacets();
    QWidget* buildViewers();
    QWidget* buildObjects(QWidget* parent);
    QWidget* buildDamage(QWidget* parent);
    void refresh(unsigned mask);
    void refreshStages();
    void takeImages();
    void recompute();
    void showComparison(std::shared_ptr<const RunComparison> comparison);
    void showFigures();
    void showImage(const QString& path);
    void showCurrent();
    void showPictures();
    void selectObject(int object);
    void stepImage(int by);
    void rowChosen();
    void followHub(SelectionHub::Parts parts, const void* origin);
    QString absolute(const QString& path) const;
    int indexOf(const QString& path) const;
    bool selectRowOf(const QString& path);

    ThemeHub* m_hub;
    SelectionHub* m_selection;
    RunStore* m_store;
    VisibleRefresh* m_refresh = nullptr;
    ImageCache m_cache;
    ViewTransform m_transform;
    QThreadPool m_pool;
    quint64 m_generation = 0;
    std::shared_ptr<const std::vector<RunImage>> m_images;
    std::shared_ptr<const RunComparison> m_comparison;
    QString m_path, m_stage, m_folder;
    bool m_selectingRow = false;

    QStackedWidget* m_pages = nullptr;
    EmptyState* m_empty = nullptr;
    PanelHeader* m_facetHeader = nullptr;
    FacetModel* m_facets = nullptr;
    RowTable* m_facetTable = nullptr;
    ThemedLabel* m_facetNote = nullptr;
    PanelHeader* m_viewHeader = nullptr;
    SegmentBar* m_stageBar = nullptr;
    ImageView* m_fp32 = nullptr;
    ImageView* m_quantized = nullptr;
    ThresholdPanel* m_thresholds = nullptr;
    PanelHeader* m_objectHeader = nullptr;
    ObjectModel* m_objects = nullptr;
    RowTable* m_objectTable = nullptr;
    PanelHeader* m_damageHeader = nullptr;
    DamageModel* m_damage = nullptr;
    DamageFilter* m_damageFilter = nullptr;
    RowTable* m_damageTable = nullptr;
};

}  // namespace qat::ui
