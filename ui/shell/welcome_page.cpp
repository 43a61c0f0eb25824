// Lays out the welcome page.
#include "shell/welcome_page.h"

#include <QDir>
#include <QFileInfo>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLocale>
#include <QPainter>
#include <QStandardItemModel>
#include <QSysInfo>
#include <QThread>
#include <QVBoxLayout>

#include "document/recent_files.h"
#include "feed/run_folder.h"
#include "feed/run_status.h"
#include "progress/run_state.h"
#include "shell/diagnostics.h"
#include "shell/presets.h"
#include "shell/start_row.h"
#include "style/theme_hub.h"
#include "style/theme_icon.h"
#include "widgets/buttons.h"
#include "widgets/cell_delegate.h"
#include "widgets/format.h"
#include "widgets/row_table.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

enum RecentColumn { kProject, kKind, kScore, kState, kAction, kOpened, kColumns };
constexpr int kIsRunRole = Qt::UserRole + 50;
constexpr int kLookEveryMs = 2000;

QString homeRelative(const QString& path) {
    const QString home = QDir::homePath();
    return path.startsWith(home + QLatin1Char('/')) ? QLatin1Char('~') + path.mid(home.size()) : path;
}

QString ago(const QDateTime& time) {
    const qint64 days = time.date().daysTo(QDate::currentDate());
    if (days == 0) return QLocale().toString(time.time(), QLocale::ShortFormat);
    if (days == 1) return WelcomePage::tr("yesterday");
    if (days < 7) return QLocale().dayName(time.date().dayOfWeek());
    return QLocale().toString(time.date(), QStringLiteral("d MMM"));
}

// A run's chip; a summary that tells of a collapse says more than that the run is done.
Chip stateOf(RunStatus status, const RunSummary& summary) {
    if (status == RunStatus::Completed && summary.collapsed)
        return {WelcomePage::tr("collapsed"), ChipKind::Error, QStringLiteral("close")};
    return statusChip(status);
}

QStandardItem* cell(const QString& text, Color color = Color::Text2, Qt::Alignment alignment = Qt::AlignLeft) {
    auto* item = new QStandardItem(text);
    item->setData(static_cast<int>(color), TokenRole);
    item->setTextAlignment(alignment | Qt::AlignVCenter);
    return item;
}

QList<QStandardItem*> recentRow(const RecentItem& recent, const Theme& theme) {
    const QFileInfo info(recent.path);
    auto* project = cell(info.fileName(), Color::Text);
    project->setData(homeRelative(info.absolutePath()), DetailRole);
    project->setData(theme.weighted(theme.ui, QFont::Medium), Qt::FontRole);
    project->setData(recent.path, Qt::UserRole);
    project->setData(recent.isRun, kIsRunRole);
    project->setToolTip(QDir::toNativeSeparators(recent.path));
    return {project,
            cell(recent.isRun ? WelcomePage::tr("run") : WelcomePage::tr("configuration")),
            cell({}, Color::Text, Qt::AlignRight),
            cell({}),
            cell({}, Color::Accent),
            cell(ago(recent.opened), Color::Text2, Qt::AlignRight)};
}

QString folderAt(const QStandardItemModel& items, int row) {
    return items.item(row, kProject)->data(Qt::UserRole).toString();
}

// State, accuracy and what can be done.
void showState(QStandardItemModel& items, int row, const RunData& data) {
    const RunStatus status = data.status;
    const Chip chip = stateOf(status, data.summary);
    items.item(row, kState)->setText(chip.text);
    items.item(row, kState)->setData(static_cast<int>(chip.kind), ChipKindRole);
    items.item(row, kState)->setData(chip.icon, ChipIconRole);
    const bool over = status == RunStatus::Completed || status == RunStatus::Failed;
    const MetricName& metric = data.metrics.primary();
    const bool measured = over && data.summary.final;
    items.item(row, kScore)->setText(measured ? formatScore(*data.summary.final, metric.decimals) : QString());
    items.item(row, kScore)->setToolTip(measured ? qtext(metric.label) : QString());
    QStandardItem* action = items.item(row, kAction);
    if (!canBeStopped(data)) return action->setText({});
    if (action->text().isEmpty()) action->setText(WelcomePage::tr("Stop"));
}

// A table as tall as its rows, for a page that scrolls as a whole.
void fitHeight(RowTable* table) {
    int height = table->horizontalHeader()->sizeHint().height();
    for (int row = 0; row < table->model()->rowCount(); ++row) height += table->rowHeight(row);
    table->setFixedHeight(height + 1);
}

ThemedLabel* title(const ThemeHub& hub, const QString& text) {
    auto* label = new ThemedLabel(hub, text, TextStyle::BodyStrong, Color::Text);
    label->setFont(hub.theme().weighted(hub.theme().ui, QFont::DemiBold));
    return label;
}

}  // namespace

WelcomePage::WelcomePage(const ThemeHub& hub, RecentFiles* recent, QWidget* parent)
    : QWidget(parent), m_hub(hub), m_recent(recent), m_items(new QStandardItemModel(0, kColumns, this)) {
    m_states.setInterval(kLookEveryMs);
    connect(&m_states, &QTimer::timeout, this, &WelcomePage::refreshStates);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(hub.px(24), hub.px(56), hub.px(24), hub.px(24));
    row->setSpacing(hub.px(60));
    auto* left = new QVBoxLayout;
    left->setSpacing(0);
    left->addWidget(makeStart());
    left->addSpacing(hub.px(22));
    left->addWidget(makeSample());
    left->addSpacing(hub.px(26));
    left->addWidget(makeMachine());
    left->addStretch(1);
    row->addStretch(1);
    row->addLayout(left);
    row->addWidget(makeTables(), 40);
    row->addStretch(1);
    connect(recent, &RecentFiles::changed, this, &WelcomePage::refresh);
    connect(&hub, &ThemeHub::changed, this, &WelcomePage::refresh);
    refresh();
}

void WelcomePage::paintEvent(QPaintEvent*) {
    QPainter(this).fillRect(rect(), m_hub.color(Color::Surface));
}

QWidget* WelcomePage::makeStart() {
    auto* box = new QWidget(this);
    box->setFixedWidth(m_hub.px(340));
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* head = new QHBoxLayout;
    head->setSpacing(m_hub.px(12));
    auto* mark = new QLabel(box);
    mark->setPixmap(programIcon().pixmap(m_hub.px(34), m_hub.px(34)));
    head->addWidget(mark);
    head->addWidget(new ThemedLabel(m_hub, QStringLiteral("Qatelier"), TextStyle::Product, Color::Text, box), 1);
    column->addLayout(head);
    column->addSpacing(m_hub.px(8));
    column->addWidget(new ThemedLabel(m_hub, tr("Quantize vision models and see what it costs."), TextStyle::Body,
                                      Color::Text2, box));
    column->addSpacing(m_hub.px(24));
    column->addWidget(title(m_hub, tr("Start")));
    column->addSpacing(m_hub.px(4));
    const auto add = [&](const QString& icon, const QString& text, const QString& keys, auto signal) {
        auto* entry = new StartRow(m_hub, icon, text, keys, box);
        connect(entry, &QAbstractButton::clicked, this, signal);
        column->addWidget(entry);
    };
    add(QStringLiteral("plus"), tr("New from preset w4a8"), QStringLiteral("Ctrl N"),
        [this] { Q_EMIT presetRequested(QStringLiteral("w4a8")); });
    add(QStringLiteral("open"), tr("Open config…"), QStringLiteral("Ctrl O"), &WelcomePage::openConfigRequested);
    add(QStringLiteral("queue"), tr("Open run folder…"), QStringLiteral("Ctrl Shift O"),
        &WelcomePage::openRunRequested);
    add(QStringLiteral("box"), tr("New from model…"), QStringLiteral("Ctrl I"), &WelcomePage::modelRequested);
    return box;
}

QWidget* WelcomePage::makeSample() {
    auto* card = new SampleCard(m_hub, this);
    card->setFixedWidth(m_hub.px(330));
    auto* column = new QVBoxLayout(card);
    column->setContentsMargins(m_hub.px(14), m_hub.px(14), m_hub.px(14), m_hub.px(14));
    column->setSpacing(m_hub.px(10));
    auto* name = title(m_hub, tr("Sample project"));
    name->setMinimumHeight(m_hub.px(32));
    column->addWidget(name);
    auto* text = new ThemedLabel(
        m_hub, tr("A tiny detector on drawn shapes. Every view gets content; needs no GPU and no download."),
        TextStyle::Small, Color::Text2, card);
    text->setWordWrap(true);
    column->addWidget(text);
    auto* open = makeButton(m_hub, tr("Open sample"), ButtonKind::Normal, {}, false, card);
    connect(open, &QPushButton::clicked, this, [this] { Q_EMIT presetRequested(QStringLiteral("demo")); });
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(open);
    buttons->addStretch(1);
    column->addLayout(buttons);
    return card;
}

QWidget* WelcomePage::makeMachine() {
    auto* box = new QWidget(this);
    box->setFixedWidth(m_hub.px(340));
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(m_hub.px(7));
    column->addWidget(title(m_hub, tr("This machine")));
    for (const MachineFact& fact : machineFacts()) {
        auto* row = new QHBoxLayout;
        row->setSpacing(m_hub.px(8));
        auto* mark = new IconLabel(m_hub, fact.present ? QStringLiteral("check") : QStringLiteral("minus"),
                                   fact.present ? Color::Success : Color::Text3, box);
        auto* name = new ThemedLabel(m_hub, fact.name, TextStyle::Small, Color::Text, box);
        name->setFixedWidth(m_hub.px(104));
        auto* detail = new ThemedLabel(m_hub, fact.detail, TextStyle::Small, Color::Text2, box);
        detail->setElide(Qt::ElideRight);
        detail->setToolTip(fact.detail);
        row->addWidget(mark);
        row->addWidget(name);
        row->addWidget(detail, 1);
        column->addLayout(row);
    }
    column->addSpacing(m_hub.px(10));
    auto* links = new QGridLayout;  // two in a row: four are wider than the column in some languages
    links->setSpacing(m_hub.px(2));
    const auto add = [&](const QString& text, auto signal) {
        auto* link = makeButton(m_hub, text, ButtonKind::Link, {}, true, box);
        connect(link, &QPushButton::clicked, this, signal);
        const int place = links->count();
        links->addWidget(link, place / 2, place % 2, Qt::AlignLeft);
    };
    add(tr("Manual"), &WelcomePage::manualRequested);
    add(tr("Config guide"), &WelcomePage::guideRequested);
    add(tr("Keyboard map"), &WelcomePage::keysRequested);
    add(tr("Copy diagnostics"), &WelcomePage::diagnosticsRequested);
    links->setColumnStretch(2, 1);
    column->addLayout(links);
    return box;
}

QWidget* WelcomePage::makeTables() {
    auto* box = new QWidget(this);
    box->setMinimumWidth(m_hub.px(560));
    box->setMaximumWidth(m_hub.px(860));
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(m_hub.px(6));
    column->addWidget(title(m_hub, tr("Recent")));
    m_table = new RowTable(m_hub, box);
    m_table->setModel(m_items);
    m_table->setRowHeight(50);
    m_table->setAccessibleName(tr("Recent configurations and runs"));
    m_table->setItemDelegateForColumn(kState, new CellDelegate(m_hub, CellLook::Chip, m_table));
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    connect(m_table, &QTableView::activated, this, [this](const QModelIndex& index) {
        if (index.column() != kAction || index.data().toString().isEmpty())
            Q_EMIT openRequested(index.siblingAtColumn(kProject).data(Qt::UserRole).toString());
    });
    connect(m_table, &QTableView::clicked, this, &WelcomePage::stopAt);
    column->addWidget(m_table);
    m_noRecent = new ThemedLabel(m_hub, tr("Nothing yet. What you open appears here."), TextStyle::Body, Color::Text2);
    column->addWidget(m_noRecent);
    column->addSpacing(m_hub.px(26));
    auto* head = new QHBoxLayout;
    head->addWidget(title(m_hub, tr("Presets")), 1);
    head->addWidget(new ThemedLabel(m_hub, tr("A preset is a commented config file; nothing is hidden in it."),
                                    TextStyle::Small, Color::Text3));
    column->addLayout(head);
    auto* table = new PresetTable(m_hub, box);
    connect(table, &PresetTable::chosen, this, &WelcomePage::presetRequested);
    fitHeight(table);
    column->addWidget(table);
    column->addSpacing(m_hub.px(16));
    auto* drop = new QHBoxLayout;
    drop->setSpacing(m_hub.px(8));
    drop->addWidget(new IconLabel(m_hub, QStringLiteral("export"), Color::Text3, box));
    drop->addWidget(new ThemedLabel(m_hub, tr("Drop a config, run folder or model anywhere in the window to open it."),
                                    TextStyle::Small, Color::Text3, box),
                    1);
    column->addLayout(drop);
    column->addStretch(1);
    return box;
}

void WelcomePage::refresh() {
    m_items->clear();
    m_items->setHorizontalHeaderLabels({tr("Project"), tr("Kind"), tr("Accuracy"), tr("State"), {}, tr("Opened")});
    for (const int column : {int(kScore), int(kOpened)})
        m_items->horizontalHeaderItem(column)->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
    for (const RecentItem& item : m_recent->items().mid(0, 6)) m_items->appendRow(recentRow(item, m_hub.theme()));
    refreshStates();
    QHeaderView* header = m_table->horizontalHeader();
    header->setStretchLastSection(false);
    header->setSectionResizeMode(kProject, QHeaderView::Stretch);
    const int widths[] = {0, 104, 92, 118, 84, 92};
    for (int column = 1; column < kColumns; ++column) header->resizeSection(column, m_hub.px(widths[column]));
    fitHeight(m_table);
    m_table->setVisible(m_items->rowCount() > 0);
    m_noRecent->setVisible(m_items->rowCount() == 0);
}

void WelcomePage::refreshStates() {
    bool any = false;
    for (int row = 0; row < m_items->rowCount(); ++row) {
        if (m_items->item(row, kProject)->data(kIsRunRole).toBool())
            showState(*m_items, row, look(folderAt(*m_items, row)));
        any = any || !m_items->item(row, kAction)->text().isEmpty();
    }
    m_table->setColumnHidden(kAction, !any);
}

// As the folder has it now; its summary is read again only when it was written again.
const RunData& WelcomePage::look(const QString& folder) {
    const QString summary = folder + QLatin1Char('/') + qtext(run_files::kSummary);
    const QDateTime written = QFileInfo(summary).lastModified();
    Looked& looked = m_looked[folder];
    if (looked.summaryWritten != written || looked.data.folder.isEmpty()) {
        looked = {written, {}};
        looked.data.folder = folder;
        readRunSummary(looked.data, summary);
    }
    settleWithoutEvents(looked.data);
    return looked.data;
}

void WelcomePage::stopRefused(const QString& run) {
    for (int row = 0; row < m_items->rowCount(); ++row)
        if (folderAt(*m_items, row) == run) m_items->item(row, kAction)->setText({});
    refreshStates();
}

void WelcomePage::stopAt(const QModelIndex& index) {
    if (index.column() != kAction || index.data().toString() != tr("Stop")) return;
    m_items->itemFromIndex(index)->setText(tr("Stopping…"));
    Q_EMIT stopRequested(index.siblingAtColumn(kProject).data(Qt::UserRole).toString());
}

void WelcomePage::showEvent(QShowEvent* event) {
    m_states.start();
    QWidget::showEvent(event);
}

void WelcomePage::hideEvent(QHideEvent* event) {
    m_states.stop();
    QWidget::hideEvent(event);
}

}  // namespace qat::ui
