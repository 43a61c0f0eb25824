// A chart with its header: smoothing, logarithmic axis, table view, and saving as picture or table.
#pragma once

#include <QAbstractTableModel>
#include <QWidget>
#include <vector>

#include "charts/chart_canvas.h"

class QStackedLayout;
class QToolButton;

namespace qat::ui {

class PanelHeader;
class RowTable;

// The lines' points joined by x: one row an x, one column a line. Not drawn values: what was measured.
class ChartTableModel : public QAbstractTableModel {
    Q_OBJECT
public:
    using QAbstractTableModel::QAbstractTableModel;
    void setLines(const std::vector<ChartLine>& lines, const QString& xTitle);
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QStringList m_titles;
    std::vector<std::vector<double>> m_rows;  // x, then one value a line; NaN = none
};

class ChartPane : public QWidget {
    Q_OBJECT
public:
    enum class Smoothing { None, Light, Strong, Median };
    Q_ENUM(Smoothing)
    enum class FileKind { Png, Svg, Csv };
    Q_ENUM(FileKind)

    ChartPane(ThemeHub* hub, const QString& title, QWidget* parent = nullptr);

    PanelHeader* header() const { return m_header; }
    ChartCanvas* canvas() const { return m_canvas; }
    void setTitle(const QString& title);
    // Secondary text of the header; what smoothing does and what a logarithmic axis hides is added to it.
    void setDetail(const QString& detail);
    // Lines with at least 30 points and no marks follow the chosen smoothing; shorter ones are shown as they are.
    void setLines(std::vector<ChartLine> lines);
    void setAxes(const ChartAxes& axes);
    void setSmoothing(Smoothing smoothing);
    Smoothing smoothing() const { return m_smoothing; }
    void setLogarithmic(bool on);
    void setTableShown(bool on);
    bool tableShown() const;
    // Writes the file (pictures in the light theme, 2x for PNG; CSV in the C locale with raw and smoothed columns).
    // Returns "" or a sentence that says why it could not.
    QString saveAs(const QString& path, FileKind kind);

private:
    void buildMenu();
    void applySmoothing();
    void refreshDetail();
    void askAndSave(FileKind kind);
    QByteArray csv() const;

    ThemeHub* m_hub;
    PanelHeader* m_header;
    ChartCanvas* m_canvas;
    RowTable* m_table;
    ChartTableModel* m_model;
    QStackedLayout* m_stack;
    QToolButton* m_tableButton;
    std::vector<ChartLine> m_lines;
    QString m_detail;
    ChartAxes m_axes;
    Smoothing m_smoothing = Smoothing::None;
};

}  // namespace qat::ui
