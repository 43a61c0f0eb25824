// What the Compare page does with data: take images, match in the pool, show one image, keep the lists in step.
#include <QDir>
#include <QFileInfo>
#include <QStackedWidget>
#include <algorithm>

#include "charts/visible_refresh.h"
#include "compare/compare_models.h"
#include "compare/compare_page.h"
#include "compare/image_view.h"
#include "compare/threshold_panel.h"
#include "feed/pool_task.h"
#include "widgets/empty_state.h"
#include "widgets/format.h"
#include "widgets/panel.h"
#include "widgets/segment_bar.h"
#include "widgets/themed_label.h"

namespace qat::ui {

QString ComparePage::absolute(const QString& path) const {
    return path.isEmpty() ? QString() : QDir(m_store->data().folder).absoluteFilePath(path);
}

int ComparePage::indexOf(const QString& path) const {
    if (!m_images) return -1;
    const auto found =
        std::find_if(m_images->begin(), m_images->end(), [&](const RunImage& image) { return image.path == path; });
    return found == m_images->end() ? -1 : static_cast<int>(found - m_images->begin());
}

void ComparePage::refreshStages() {
    QStringList stages;
    for (const ImageEvent& image : m_store->data().images)
        if (const QString stage = qtext(image.stage); !stages.contains(stage)) stages << stage;
    if (m_stageBar->count() == stages.size() && stages.contains(m_stage)) return;
    m_stageBar->clear();
    for (const QString& stage : stages)
        m_stageBar->addSegment(stage, stage == qtext(model_stages::kCalibrated)  ? tr("PTQ")
                                      : stage == qtext(model_stages::kTrained)   ? tr("QAT")
                                      : stage == qtext(model_stages::kCorrected) ? tr("QC")
                                                                                 : stage);
    // The newest network is what one wants to see first.
    if (!stages.contains(m_stage) && !stages.isEmpty()) m_stage = stages.back();
    m_stageBar->setCurrentKey(m_stage);
    m_stageBar->setVisible(stages.size() > 1);
}

void ComparePage::takeImages() {
    auto images = std::make_shared<std::vector<RunImage>>();
    const std::string stage = m_stage.toStdString();
    for (const ImageEvent& image : m_store->data().images)
        if (image.stage == stage) images->push_back(runImage(image));
    m_images = std::move(images);
    m_thresholds->setImages(*m_images);
    m_thresholds->recommend(recommendedConfidences(m_store->data(), stage));
    recompute();
}

void ComparePage::refresh(unsigned mask) {
    const RunData& data = m_store->data();
    if (data.folder != m_folder) {
        m_folder = data.folder;
        m_path.clear();
        m_comparison.reset();
        m_transform.fit();
        m_thresholds->startAnew();
    }
    if (mask & (kRunImages | kRunStatus)) {
        const bool nothing = data.images.empty();
        m_pages->setCurrentIndex(nothing ? 0 : 1);
        m_facetTable->setVisible(!nothing);
        m_empty->setSentence(
            data.status == RunStatus::Loading ? tr("Reading %1 ...").arg(data.folder)
            : data.folder.isEmpty()
                ? tr("No run open. Compare shows the same images through the float and the quantized network.")
                : tr("No images. A run keeps analysis.preview_images of them when it evaluates its quantized "
                     "network."));
    }
    m_thresholds->recommend(recommendedConfidences(data, m_stage.toStdString()));
    if (!(mask & kRunImages)) return;
    refreshStages();
    takeImages();
}

void ComparePage::recompute() {
    if (!m_images) return;
    const quint64 generation = ++m_generation;
    const Thresholds thresholds = m_thresholds->thresholds();
    runInPool(
        &m_pool, this,
        [images = m_images, thresholds] {
            return std::make_shared<const RunComparison>(compareRun(images, thresholds));
        },
        [this, generation](std::shared_ptr<const RunComparison>& comparison) {
            if (generation == m_generation) showComparison(comparison);
        },
        [this, generation](const QString& trouble) {
            if (generation != m_generation) return;
            m_pages->setCurrentIndex(0);
            m_empty->setSentence(tr("The images cannot be compared: %1").arg(trouble));
        });
}

void ComparePage::showComparison(std::shared_ptr<const RunComparison> comparison) {
    m_comparison = std::move(comparison);
    m_facets->setComparison(m_comparison);
    m_selectingRow = true;
    m_damage->setComparison(m_comparison);
    std::set<Transition> wanted;
    for (const QModelIndex& row : m_facetTable->selectionModel()->selectedRows())
        wanted.insert(static_cast<Transition>(row.data(FacetModel::TransitionRole).toInt()));
    m_damageFilter->setWanted(std::move(wanted), m_comparison);
    m_selectingRow = false;
    showFigures();
    if (indexOf(m_path) < 0) m_path = m_selection->currentImage();
    if (indexOf(m_path) < 0 && m_damageFilter->rowCount() > 0)
        m_path = m_damageFilter->index(0, 0).data(DamageModel::PathRole).toString();
    selectRowOf(m_path);
    showCurrent();
}

void ComparePage::showFigures() {
    if (!m_comparison) return;
    m_thresholds->showFigures(*m_comparison);
    m_facetHeader->setDetail(m_comparison->labels > 0 ? tr("%1 labels").arg(formatCount(m_comparison->labels))
                                                      : tr("no labels"));
    const auto changed = std::count_if(m_comparison->results.begin(), m_comparison->results.end(),
                                       [](const ImageComparison& image) { return image.changed(); });
    m_damageHeader->setDetail(tr("%1 of %2 changed, %3 shown")
                                  .arg(changed)
                                  .arg(m_comparison->results.size())
                                  .arg(m_damageFilter->rowCount()));
    m_facetNote->setText(tr("Matched at IoU 0.50 with the thresholds under the pictures. Among kept: %1 with box "
                            "drift, %2 with a score drop.")
                             .arg(formatCount(m_comparison->drift), formatCount(m_comparison->scoreDrop)));
}

bool ComparePage::selectRowOf(const QString& path) {
    m_selectingRow = true;
    bool found = false;
    for (int row = 0; row < m_damageFilter->rowCount() && !found; ++row) {
        const QModelIndex index = m_damageFilter->index(row, 0);
        found = index.data(DamageModel::PathRole).toString() == path;
        if (!found) continue;
        m_damageTable->setCurrentIndex(index);
        m_damageTable->scrollTo(index, QAbstractItemView::EnsureVisible);
    }
    if (!found) m_damageTable->clearSelection();
    m_selectingRow = false;
    return found;
}

void ComparePage::rowChosen() {
    if (m_selectingRow) return;
    const QString path = m_damageTable->currentIndex().siblingAtColumn(0).data(DamageModel::PathRole).toString();
    if (path.isEmpty() || path == m_path) return;
    m_selection->selectImages({path}, path, this);
    showImage(path);
}

void ComparePage::showImage(const QString& path) {
    m_path = path;
    m_transform.fit();
    showCurrent();
}

void ComparePage::showCurrent() {
    const int index = indexOf(m_path);
    if (index < 0 || !m_comparison || index >= static_cast<int>(m_comparison->results.size())) return;
    const RunImage& image = (*m_images)[static_cast<size_t>(index)];
    const ImageComparison& result = m_comparison->results[static_cast<size_t>(index)];
    m_objects->setObjects(image, result.objects);
    m_fp32->setSelected(-1);
    m_quantized->setSelected(-1);
    const auto rows = static_cast<int64_t>(result.objects.size());
    m_objectHeader->setDetail(QFileInfo(image.path).completeBaseName() + QStringLiteral(", ") +
                              counted(rows, tr("1 object"), tr("%1 objects")));
    m_viewHeader->setDetail(tr("%1, %2 × %3").arg(QFileInfo(image.path).fileName()).arg(image.width).arg(image.height));
    showPictures();
    // The neighbours in the list are decoded ahead.
    const int row = m_damageTable->currentIndex().row();
    for (const int neighbour : {row + 1, row - 1}) {
        const int other = indexOf(m_damageFilter->index(neighbour, 0).data(DamageModel::PathRole).toString());
        if (neighbour < 0 || other < 0) continue;
        const RunImage& next = (*m_images)[static_cast<size_t>(other)];
        m_cache.find(absolute(next.path), absolute(next.preview));
    }
}

void ComparePage::showPictures() {
    const int index = indexOf(m_path);
    if (index < 0 || !m_comparison) return;
    const RunImage& image = (*m_images)[static_cast<size_t>(index)];
    const std::vector<ObjectRow>& objects = m_comparison->results[static_cast<size_t>(index)].objects;
    const ImageCache::Entry* entry = m_cache.find(absolute(image.path), absolute(image.preview));
    const QImage picture = entry ? entry->image : QImage();
    const QString sentence = entry ? entry->trouble : QString();
    m_fp32->setContent(image, objects, picture, sentence);
    m_quantized->setContent(image, objects, picture, sentence);
    m_fp32->setCaption(tr("FP32"));
    const QString mode = qtext(m_store->data().run.quantization).toUpper();
    m_quantized->setCaption(mode.isEmpty() ? tr("quantized") : mode);
}

void ComparePage::selectObject(int object) {
    if (object < 0)
        m_objectTable->clearSelection();
    else
        m_objectTable->selectRow(object);
    m_fp32->setSelected(object);
    m_quantized->setSelected(object);
}

void ComparePage::stepImage(int by) {
    const int row =
        std::clamp(m_damageTable->currentIndex().row() + by, 0, std::max(0, m_damageFilter->rowCount() - 1));
    m_damageTable->setCurrentIndex(m_damageFilter->index(row, 0));
}

void ComparePage::followHub(SelectionHub::Parts parts, const void* origin) {
    if (origin == this || !(parts & SelectionHub::Images)) return;
    const QString path = m_selection->currentImage();
    if (indexOf(path) < 0 || path == m_path) return;
    selectRowOf(path);
    showImage(path);
}

}  // namespace qat::ui
