// Building of the page; what it does with data is in compare_flow.cpp.
#include "compare/compare_page.h"

#include <QCheckBox>
#include <QDockWidget>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include "charts/visible_refresh.h"
#include "compare/compare_models.h"
#include "compare/image_view.h"
#include "compare/threshold_panel.h"
#include "widgets/buttons.h"
#include "widgets/cell_delegate.h"
#include "widgets/column_fit.h"
#include "widgets/empty_state.h"
#include "widgets/panel.h"
#include "widgets/row_table.h"
#include "widgets/segment_bar.h"
#include "widgets/themed_label.h"

namespace qat::ui {
ComparePage::ComparePage(ThemeHub* hub, SelectionHub* selection, RunStore* store, QWidget* parent)
    : RunView(parent), m_hub(hub), m_selection(selection), m_store(store) {
    setObjectName(QStringLiteral("compare.page"));
    m_pool.setMaxThreadCount(1);
    auto* surface = new Surface(*hub);
    auto* column = new QVBoxLayout(surface);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* down = new QSplitter(Qt::Vertical, surface);
    down->setChildrenCollapsible(false);
    auto* upper = new QWidget(down);
    auto* upperColumn = new QVBoxLayout(upper);
    upperColumn->setContentsMargins(0, 0, 0, 0);
    upperColumn->setSpacing(0);
    upperColumn->addWidget(buildViewers(), 1);
    m_thresholds = new ThresholdPanel(hub);
    upperColumn->addWidget(m_thresholds);
    upperColumn->addWidget(new Hairline(*hub));
    auto* lists = new QSplitter(Qt::Horizontal, down);
    lists->setChildrenCollapsible(false);
    lists->addWidget(buildObjects(lists));
    lists->addWidget(buildDamage(lists));
    lists->setSizes({hub->px(600), hub->px(600)});
    down->addWidget(upper);
    down->addWidget(lists);
    down->setSizes({hub->px(560), hub->px(400)});
    column->addWidget(down);
    auto* blank = new Surface(*hub);
    auto* blankColumn = new QVBoxLayout(blank);
    blankColumn->setContentsMargins(0, 0, 0, 0);
    m_empty = new EmptyState(*hub, {}, blank);
    QPushButton* open = makeButton(*hub, tr("Open a run"), ButtonKind::Normal, QStringLiteral("open"));
    m_empty->addButton(open);
    connect(open, &QPushButton::clicked, this, &ComparePage::openRunRequested);
    blankColumn->addWidget(m_empty);
    m_pages = new QStackedWidget(this);
    m_pages->addWidget(blank);
    m_pages->addWidget(surface);
    setCentralWidget(m_pages);
    buildFacets();
    connect(m_thresholds, &ThresholdPanel::settled, this, &ComparePage::recompute);
    connect(&m_cache, &ImageCache::ready, this, [this](const QString& path) {
        if (path == absolute(m_path)) showPictures();
    });
    connect(selection, &SelectionHub::changed, this, &ComparePage::followHub);
    m_refresh = new VisibleRefresh(this, [this](unsigned mask) { refresh(mask); });
    connect(store, &RunStore::changed, m_refresh, &VisibleRefresh::request);
    m_refresh->request(kRunEverything);
}

void ComparePage::buildFacets() {
    auto* surface = new Surface(*m_hub);
    auto* column = new QVBoxLayout(surface);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    surface->setMinimumWidth(m_hub->px(236));
    m_facets = new FacetModel(this);
    m_facetTable = new RowTable(*m_hub, surface);
    m_facetTable->setModel(m_facets);
    m_facetTable->setAccessibleName(tr("Transitions"));
    m_facetTable->horizontalHeader()->hide();
    m_facetTable->setItemDelegateForColumn(FacetModel::Name, new CellDelegate(*m_hub, CellLook::Glyph, m_facetTable));
    m_facetTable->setItemDelegateForColumn(FacetModel::Share, new CellDelegate(*m_hub, CellLook::Track, m_facetTable));
    m_facetTable->setItemDelegateForColumn(FacetModel::Count, new CellDelegate(*m_hub, CellLook::Number, m_facetTable));
    m_facetTable->horizontalHeader()->setSectionResizeMode(FacetModel::Name, QHeaderView::Stretch);
    m_facetTable->setColumnWidth(FacetModel::Share, m_hub->px(38));
    m_facetTable->setColumnWidth(FacetModel::Count, m_hub->px(52));
    m_facetTable->setSelectionMode(QAbstractItemView::MultiSelection);
    m_facetNote = new ThemedLabel(*m_hub, {}, TextStyle::Caption, Color::Text2, surface);
    m_facetNote->setWordWrap(true);
    m_facetNote->setContentsMargins(m_hub->px(12), m_hub->px(8), m_hub->px(12), m_hub->px(10));
    column->addWidget(m_facetTable, 1);
    column->addWidget(m_facetNote);
    m_facetHeader = new PanelHeader(*m_hub, tr("Transitions"));
    QDockWidget* dock = makeDock(m_facetHeader, QStringLiteral("compare.facets"), surface, this);
    addDockWidget(Qt::LeftDockWidgetArea, dock);
    resizeDocks({dock}, {m_hub->px(240)}, Qt::Horizontal);
    connect(m_facetTable->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
        std::set<Transition> wanted;
        for (const QModelIndex& row : m_facetTable->selectionModel()->selectedRows())
            wanted.insert(static_cast<Transition>(row.data(FacetModel::TransitionRole).toInt()));
        m_damageFilter->setWanted(std::move(wanted), m_comparison);
        selectRowOf(m_path);
        showFigures();
    });
}

QWidget* ComparePage::buildViewers() {
    auto* box = new QWidget;
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_viewHeader = new PanelHeader(*m_hub, tr("FP32 and quantized"), box);
    m_stageBar = new SegmentBar(*m_hub, true);
    m_stageBar->setAccessibleName(tr("Which quantized network"));
    auto* labels = new QCheckBox(tr("Labels"));
    QToolButton* fit = makeIconButton(*m_hub, QStringLiteral("target"), tr("Fit the picture (0)"));
    m_viewHeader->addWidget(m_stageBar);
    m_viewHeader->addWidget(labels);
    m_viewHeader->addWidget(fit);
    m_fp32 = new ImageView(m_hub, &m_transform, NetworkSide::Fp32);
    m_quantized = new ImageView(m_hub, &m_transform, NetworkSide::Quantized);
    auto* pair = new QHBoxLayout;
    pair->setSpacing(1);
    pair->addWidget(m_fp32, 1);
    pair->addWidget(m_quantized, 1);
    column->addWidget(m_viewHeader);
    column->addLayout(pair, 1);
    for (ImageView* view : {m_fp32, m_quantized}) {
        connect(labels, &QCheckBox::toggled, view, &ImageView::setLabelsShown);
        for (ImageView* other : {m_fp32, m_quantized})
            connect(view, &ImageView::objectHovered, other, &ImageView::setHovered);
        connect(view, &ImageView::objectClicked, this, &ComparePage::selectObject);
    }
    connect(fit, &QToolButton::clicked, &m_transform, &ViewTransform::fit);
    connect(m_stageBar, &SegmentBar::chosen, this, [this](int, const QString& key) {
        m_stage = key;
        takeImages();
    });
    return box;
}

QWidget* ComparePage::buildObjects(QWidget* parent) {
    auto* box = new QWidget(parent);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_objectHeader = new PanelHeader(*m_hub, tr("Objects"), box);
    m_objects = new ObjectModel(this);
    m_objectTable = new RowTable(*m_hub, box);
    m_objectTable->setModel(m_objects);
    m_objectTable->setAccessibleName(tr("Objects of the image"));
    m_objectTable->setSelectionMode(QAbstractItemView::SingleSelection);
    m_objectTable->setItemDelegateForColumn(ObjectModel::Glyph,
                                            new CellDelegate(*m_hub, CellLook::Glyph, m_objectTable));
    const int number = QFontMetrics(m_hub->theme().small).horizontalAdvance(QStringLiteral("+0.000")) + m_hub->px(20);
    for (int column = 0; column < ObjectModel::ColumnCount; ++column) m_objectTable->setColumnWidth(column, number);
    m_objectTable->setColumnWidth(ObjectModel::Number, m_hub->px(36));
    m_objectTable->setColumnWidth(ObjectModel::Glyph, m_hub->px(36));
    m_objectTable->setColumnWidth(ObjectModel::Class, m_hub->px(150));
    m_objectTable->horizontalHeader()->setStretchLastSection(true);
    new ColumnFit(m_objectTable, ObjectModel::Class, {ObjectModel::Iou, ObjectModel::Change},
                  {{ObjectModel::Words, m_hub->px(120)}});
    column->addWidget(m_objectHeader);
    column->addWidget(m_objectTable, 1);
    connect(m_objectTable, &RowTable::rowHovered, m_fp32, &ImageView::setHovered);
    connect(m_objectTable, &RowTable::rowHovered, m_quantized, &ImageView::setHovered);
    connect(m_objectTable->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& row) {
                m_fp32->setSelected(row.row());
                m_quantized->setSelected(row.row());
            });
    connect(m_objectTable, &QAbstractItemView::activated, this, [this](const QModelIndex& row) {
        m_transform.centreOn(m_fp32->boxOf(row.row()), m_fp32->size(), m_fp32->imageSize());
    });
    return box;
}

QWidget* ComparePage::buildDamage(QWidget* parent) {
    auto* box = new QWidget(parent);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_damageHeader = new PanelHeader(*m_hub, tr("Damaged images"), box);
    m_damage = new DamageModel(this);
    m_damageFilter = new DamageFilter(this);
    m_damageFilter->setSourceModel(m_damage);
    m_damageTable = new RowTable(*m_hub, box);
    m_damageTable->setModel(m_damageFilter);
    m_damageTable->setAccessibleName(tr("Damaged images"));
    m_damageTable->setSelectionMode(QAbstractItemView::SingleSelection);
    m_damageTable->setSortingEnabled(true);
    m_damageTable->sortByColumn(DamageModel::Lost, Qt::DescendingOrder);
    m_damageTable->setItemDelegateForColumn(DamageModel::Objects,
                                            new CellDelegate(*m_hub, CellLook::Stack, m_damageTable));
    const int number = QFontMetrics(m_hub->theme().small).horizontalAdvance(QStringLiteral("+0.000")) + m_hub->px(24);
    for (int column = 0; column < DamageModel::ColumnCount; ++column) m_damageTable->setColumnWidth(column, number);
    m_damageTable->setColumnWidth(DamageModel::Objects, m_hub->px(110));
    m_damageTable->horizontalHeader()->setSectionResizeMode(DamageModel::Image, QHeaderView::Stretch);
    new ColumnFit(m_damageTable, DamageModel::Image,
                  {DamageModel::Fp32, DamageModel::Quantized, DamageModel::Score, DamageModel::New, DamageModel::Flip});
    column->addWidget(m_damageHeader);
    column->addWidget(m_damageTable, 1);
    connect(m_damageTable->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &ComparePage::rowChosen);
    return box;
}

void ComparePage::keyPressEvent(QKeyEvent* event) {
    switch (event->key()) {
        case Qt::Key_J:
            return stepImage(1);
        case Qt::Key_K:
            return stepImage(-1);
        case Qt::Key_0:
            return m_transform.fit();
        default:
            QMainWindow::keyPressEvent(event);
    }
}

}  // namespace qat::ui
