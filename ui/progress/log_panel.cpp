// Header with the filters over the table.
#include "progress/log_panel.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QLineEdit>
#include <QScrollBar>
#include <QToolButton>
#include <QVBoxLayout>

#include "style/theme_hub.h"
#include "style/theme_icon.h"
#include "widgets/buttons.h"
#include "widgets/panel.h"
#include "widgets/segment_bar.h"

namespace qat::ui {
namespace {
constexpr int kSearchPauseMs = 200;
}

LogPanel::LogPanel(ThemeHub* hub, const RunStore* store, QWidget* parent)
    : QWidget(parent),
      m_hub(hub),
      m_model(new LogModel(store, this)),
      m_filter(new LogFilter(this)),
      m_table(new RowTable(*hub, this)),
      m_levels(new SegmentBar(*hub, true, this)),
      m_search(new QLineEdit(this)),
      m_follow(makeIconButton(*hub, QStringLiteral("pin"), tr("Follow the end of the log"), this)) {
    m_filter->setSourceModel(m_model);
    buildTable();
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(buildHeader());
    column->addWidget(m_table, 1);
    followControls();
    columnsToFont();
}

void LogPanel::buildTable() {
    m_table->setModel(m_filter);
    m_table->setItemDelegate(new LogDelegate(*m_hub, m_table));
    m_table->setRowHeight(20);
    m_table->horizontalHeader()->hide();
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->setAccessibleName(tr("Log"));
}

QWidget* LogPanel::buildHeader() {
    auto* header = new PanelHeader(*m_hub, tr("Log"), this);
    m_levels->addSegment(QStringLiteral("0"), tr("all"));
    m_levels->addSegment(QStringLiteral("1"), tr("warnings"));
    m_levels->addSegment(QStringLiteral("2"), tr("errors"));
    m_levels->setCurrentIndex(0);
    m_levels->setAccessibleName(tr("Least level shown"));
    m_search->setPlaceholderText(tr("text or regex"));
    m_search->setAccessibleName(tr("Filter the log"));
    m_search->setClearButtonEnabled(true);
    m_search->setFixedWidth(m_hub->px(150));
    m_search->addAction(themeIcon(*m_hub, QStringLiteral("search"), Color::Text3), QLineEdit::LeadingPosition);
    m_follow->setCheckable(true);
    m_follow->setChecked(true);
    QToolButton* copy = makeIconButton(*m_hub, QStringLiteral("copy"), tr("Copy the shown lines"), this);
    connect(copy, &QToolButton::clicked, this, &LogPanel::copyShown);
    header->addWidget(m_levels);
    header->addWidget(m_search);
    header->addWidget(m_follow);
    header->addWidget(copy);
    return header;
}

void LogPanel::followControls() {
    m_searchPause.setSingleShot(true);
    m_searchPause.setInterval(kSearchPauseMs);
    connect(m_search, &QLineEdit::textChanged, &m_searchPause, qOverload<>(&QTimer::start));
    connect(&m_searchPause, &QTimer::timeout, this, [this] { m_filter->setText(m_search->text()); });
    connect(m_levels, &SegmentBar::chosen, this,
            [this](int index) { m_filter->setLeast(static_cast<LogLevel>(index + int(LogLevel::Info))); });
    connect(m_follow, &QToolButton::toggled, this, [this](bool on) {
        if (on) m_table->scrollToBottom();
    });
    connect(m_hub, &ThemeHub::changed, this, &LogPanel::columnsToFont);
    connect(m_table->verticalScrollBar(), &QScrollBar::rangeChanged, this, [this] {
        if (followsTail()) m_table->scrollToBottom();
    });
    // Scrolling up by hand lets go of the end.
    connect(m_table->verticalScrollBar(), &QScrollBar::actionTriggered, this, [this] {
        const QScrollBar* bar = m_table->verticalScrollBar();
        if (bar->sliderPosition() < bar->maximum()) m_follow->setChecked(false);
    });
}

void LogPanel::columnsToFont() {
    const QFontMetrics metrics(m_hub->theme().small);
    m_table->setColumnWidth(LogModel::Time, metrics.horizontalAdvance(QStringLiteral("00:00:00")) + m_hub->px(24));
    m_table->setColumnWidth(LogModel::Level, metrics.horizontalAdvance(tr("error")) + m_hub->px(40));
    m_table->setColumnWidth(LogModel::Source, metrics.horizontalAdvance(QStringLiteral("calibration")) + m_hub->px(20));
}

bool LogPanel::followsTail() const {
    return m_follow->isChecked();
}

void LogPanel::refresh(bool fresh) {
    if (fresh)
        m_model->reset();
    else
        m_model->update();
    m_levels->setSegmentText(1, tr("warnings %1").arg(m_model->countOf(LogLevel::Warning)));
    m_levels->setSegmentText(2, tr("errors %1").arg(m_model->countOf(LogLevel::Error)));
    if (followsTail()) m_table->scrollToBottom();
}

void LogPanel::copyShown() const {
    QStringList lines;
    for (int row = 0; row < m_filter->rowCount(); ++row) {
        QStringList cells;
        for (int column = 0; column < LogModel::ColumnCount; ++column)
            cells << m_filter->index(row, column).data().toString();
        lines << cells.join(QLatin1Char('\t'));
    }
    QApplication::clipboard()->setText(lines.join(QLatin1Char('\n')));
}

}  // namespace qat::ui
