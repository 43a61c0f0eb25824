// Header, menu, table and files of a chart.
#include "charts/chart_pane.h"

#include <QActionGroup>
#include <QBuffer>
#include <QFileDialog>
#include <QHeaderView>
#include <QImage>
#include <QMenu>
#include <QMessageBox>
#include <QPainter>
#include <QSaveFile>
#include <QStackedLayout>
#include <QSvgGenerator>
#include <QToolButton>
#include <QVBoxLayout>
#include <cmath>
#include <limits>
#include <map>

#include "widgets/buttons.h"
#include "widgets/format.h"
#include "widgets/panel.h"
#include "widgets/row_table.h"

namespace qat::ui {
namespace {
constexpr size_t kSmoothablePoints = 30;
constexpr double kLightWeight = 0.6;
constexpr double kStrongWeight = 0.9;
}  // namespace

void ChartTableModel::setLines(const std::vector<ChartLine>& lines, const QString& xTitle) {
    beginResetModel();
    m_titles = QStringList{xTitle.isEmpty() ? tr("x") : xTitle};
    std::map<double, std::vector<double>> rows;
    const std::vector<double> none(lines.size(), std::numeric_limits<double>::quiet_NaN());
    for (size_t i = 0; i < lines.size(); ++i) {
        m_titles << lines[i].name;
        for (const QPointF& point : lines[i].points) {
            if (!std::isfinite(point.x())) continue;
            rows.try_emplace(point.x(), none).first->second[i] = point.y();
        }
    }
    m_rows.clear();
    for (const auto& [x, values] : rows) {
        m_rows.push_back({x});
        m_rows.back().insert(m_rows.back().end(), values.begin(), values.end());
    }
    endResetModel();
}

int ChartTableModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int ChartTableModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_titles.size());
}

QVariant ChartTableModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    const double value = m_rows[static_cast<size_t>(index.row())][static_cast<size_t>(index.column())];
    if (role == Qt::TextAlignmentRole) return int(Qt::AlignRight | Qt::AlignVCenter);
    if (role == SortRole) return value;
    if (role != Qt::DisplayRole) return {};
    if (std::isnan(value)) return QString(QChar(0x2013));
    return index.column() == 0 ? QLocale().toString(value, 'g', 7) : formatSignificant(value, 6);
}

QVariant ChartTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole) return int(Qt::AlignRight | Qt::AlignVCenter);
    return role == Qt::DisplayRole ? m_titles.value(section) : QVariant();
}

ChartPane::ChartPane(ThemeHub* hub, const QString& title, QWidget* parent)
    : QWidget(parent),
      m_hub(hub),
      m_header(new PanelHeader(*hub, title, this)),
      m_canvas(new ChartCanvas(hub, this)),
      m_table(new RowTable(*hub, this)),
      m_model(new ChartTableModel(this)),
      m_stack(new QStackedLayout) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_header);
    column->addLayout(m_stack, 1);
    m_stack->addWidget(m_canvas);
    m_stack->addWidget(m_table);
    m_table->setModel(m_model);
    setTitle(title);
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_tableButton = makeIconButton(*hub, QStringLiteral("table"), tr("Show as table"), this);
    m_tableButton->setCheckable(true);
    connect(m_tableButton, &QToolButton::toggled, this, &ChartPane::setTableShown);
    m_header->addWidget(m_tableButton);
    buildMenu();
}

void ChartPane::buildMenu() {
    auto* more = makeIconButton(*m_hub, QStringLiteral("more"), tr("Chart menu"), this);
    auto* menu = new QMenu(more);
    auto* group = new QActionGroup(menu);
    const std::pair<Smoothing, QString> choices[] = {{Smoothing::None, tr("Not smoothed")},
                                                     {Smoothing::Light, tr("Average, weight 0.6")},
                                                     {Smoothing::Strong, tr("Average, weight 0.9")},
                                                     {Smoothing::Median, tr("Median of 5")}};
    for (const auto& [choice, text] : choices) {
        QAction* action = group->addAction(menu->addAction(text));
        action->setCheckable(true);
        action->setData(static_cast<int>(choice));
        connect(action, &QAction::triggered, this, [this, choice = choice] { setSmoothing(choice); });
    }
    menu->addSeparator();
    QAction* log = menu->addAction(tr("Logarithmic axis"));
    log->setCheckable(true);
    connect(log, &QAction::triggered, this, &ChartPane::setLogarithmic);
    menu->addSeparator();
    const std::pair<FileKind, QString> files[] = {{FileKind::Png, tr("Save as PNG...")},
                                                  {FileKind::Svg, tr("Save as SVG...")},
                                                  {FileKind::Csv, tr("Save as CSV...")}};
    for (const auto& [kind, text] : files)
        connect(menu->addAction(text), &QAction::triggered, this, [this, kind = kind] { askAndSave(kind); });
    connect(menu, &QMenu::aboutToShow, this, [this, group, log] {
        for (QAction* action : group->actions()) action->setChecked(action->data().toInt() == int(m_smoothing));
        log->setChecked(m_axes.logY);
    });
    connect(more, &QToolButton::clicked, menu,
            [more, menu] { menu->popup(more->mapToGlobal(QPoint(0, more->height()))); });
    m_header->addWidget(more);
}

void ChartPane::setTitle(const QString& title) {
    m_header->setTitle(title);
    m_table->setAccessibleName(tr("%1 as a table").arg(title));
    m_canvas->setAccessibleName(tr("Chart of %1").arg(title));
}

void ChartPane::setDetail(const QString& detail) {
    m_detail = detail;
    refreshDetail();
}

void ChartPane::setLines(std::vector<ChartLine> lines) {
    m_lines = std::move(lines);
    applySmoothing();
    if (tableShown()) m_model->setLines(m_lines, m_axes.xTitle);
}

void ChartPane::setAxes(const ChartAxes& axes) {
    const bool log = m_axes.logY;
    m_axes = axes;
    m_axes.logY = log;
    m_canvas->setAxes(m_axes);
}

void ChartPane::setSmoothing(Smoothing smoothing) {
    m_smoothing = smoothing;
    applySmoothing();
}

void ChartPane::setLogarithmic(bool on) {
    m_axes.logY = on;
    m_canvas->setAxes(m_axes);
    refreshDetail();
}

void ChartPane::applySmoothing() {
    std::vector<ChartLine> lines = m_lines;
    for (ChartLine& line : lines) {
        if (line.points.size() < kSmoothablePoints || line.markers || line.stair) continue;
        line.median = m_smoothing == Smoothing::Median;
        line.smoothing = m_smoothing == Smoothing::Light    ? kLightWeight
                         : m_smoothing == Smoothing::Strong ? kStrongWeight
                                                            : 0;
    }
    m_canvas->setLines(std::move(lines));
    refreshDetail();
}

void ChartPane::refreshDetail() {
    QStringList parts;
    if (!m_detail.isEmpty()) parts << m_detail;
    qint64 smoothed = 0;
    for (const ChartLine& line : m_canvas->content().lines())
        if (line.median || line.smoothing > 0)
            smoothed = std::max<qint64>(smoothed, static_cast<qint64>(line.points.size()));
    if (smoothed > 0 && m_smoothing == Smoothing::Median)
        parts << tr("median of 5");
    else if (smoothed > 0)
        parts << tr("average %1, debiased, %2 points")
                     .arg(m_smoothing == Smoothing::Light ? kLightWeight : kStrongWeight)
                     .arg(formatCount(smoothed));
    int hidden = 0;
    if (m_axes.logY)
        for (size_t i = 0; i < m_canvas->content().lines().size(); ++i)
            splitAtGaps(m_canvas->content().lines()[i], m_canvas->content().smoothed()[i], true, &hidden);
    if (hidden > 0) parts << counted(hidden, tr("1 point at or below 0 hidden"), tr("%1 points at or below 0 hidden"));
    m_header->setDetail(parts.join(QStringLiteral(", ")));
}

bool ChartPane::tableShown() const {
    return m_stack->currentWidget() == m_table;
}

void ChartPane::setTableShown(bool on) {
    if (on) m_model->setLines(m_lines, m_axes.xTitle);
    m_stack->setCurrentWidget(on ? static_cast<QWidget*>(m_table) : m_canvas);
    m_tableButton->setChecked(on);
}

QByteArray ChartPane::csv() const {
    const auto quoted = [](QString text) {
        return (QLatin1Char('"') + text.replace(QLatin1Char('"'), QStringLiteral("\"\"")) + QLatin1Char('"')).toUtf8();
    };
    const auto number = [](double value) {
        return std::isfinite(value) ? QByteArray::number(value, 'g', 10) : QByteArray();
    };
    QByteArray text = "series,x,value,smoothed\n";
    for (size_t i = 0; i < m_canvas->content().lines().size(); ++i) {
        const ChartLine& line = m_canvas->content().lines()[i];
        for (size_t j = 0; j < line.points.size(); ++j)
            text += quoted(line.name) + ',' + number(line.points[j].x()) + ',' + number(line.points[j].y()) + ',' +
                    number(m_canvas->content().smoothed()[i][j]) + '\n';
    }
    return text;
}

QString ChartPane::saveAs(const QString& path, FileKind kind) {
    constexpr qreal kPngScale = 2;
    const Theme theme = Theme::day();
    const QSizeF size = m_canvas->size();
    QByteArray bytes;
    if (kind == FileKind::Csv) {
        bytes = csv();
    } else {
        QBuffer buffer(&bytes);
        buffer.open(QIODevice::WriteOnly);
        if (kind == FileKind::Svg) {
            QSvgGenerator svg;
            svg.setOutputDevice(&buffer);
            svg.setSize(size.toSize());
            svg.setViewBox(QRectF({}, size));
            svg.setTitle(m_header->title());
            QPainter painter(&svg);
            m_canvas->renderTo(painter, size, theme);
        } else {
            QImage image((size * kPngScale).toSize(), QImage::Format_RGB32);
            image.setDevicePixelRatio(kPngScale);
            {
                QPainter painter(&image);
                m_canvas->renderTo(painter, size, theme);
            }
            image.save(&buffer, "PNG");
        }
    }
    QSaveFile file(path);
    if (file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() && file.commit()) return {};
    return tr("%1 could not be written: %2.").arg(path, file.errorString());
}

void ChartPane::askAndSave(FileKind kind) {
    const QString ending = kind == FileKind::Png   ? QStringLiteral("png")
                           : kind == FileKind::Svg ? QStringLiteral("svg")
                                                   : QStringLiteral("csv");
    const QString path =
        QFileDialog::getSaveFileName(this, tr("Save chart"), m_header->title() + QLatin1Char('.') + ending,
                                     tr("%1 files (*.%2)").arg(ending.toUpper(), ending));
    if (path.isEmpty()) return;
    const QString trouble = saveAs(path, kind);
    if (!trouble.isEmpty()) QMessageBox::warning(this, tr("Save chart"), trouble);
}

}  // namespace qat::ui
