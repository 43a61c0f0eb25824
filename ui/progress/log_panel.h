// The log of a run: level and text filter, following the end, copying.
#pragma once

#include <QTimer>
#include <QWidget>

#include "progress/log_model.h"

class QLineEdit;
class QToolButton;

namespace qat::ui {

class SegmentBar;

class LogPanel : public QWidget {
    Q_OBJECT
public:
    LogPanel(ThemeHub* hub, const RunStore* store, QWidget* parent = nullptr);
    // Shows what is new in the store; `fresh` = another run.
    void refresh(bool fresh);
    LogModel* model() const { return m_model; }
    LogFilter* filter() const { return m_filter; }
    bool followsTail() const;

private:
    void buildTable();
    QWidget* buildHeader();
    void followControls();
    void copyShown() const;
    void columnsToFont();

    ThemeHub* m_hub;
    LogModel* m_model;
    LogFilter* m_filter;
    RowTable* m_table;
    SegmentBar* m_levels;
    QLineEdit* m_search;
    QToolButton* m_follow;
    QTimer m_searchPause;
};

}  // namespace qat::ui
