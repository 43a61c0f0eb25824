// Headline figures in a grid of cells: label, value, note.
#pragma once

#include <QWidget>
#include <vector>

#include "style/theme_hub.h"

namespace qat::ui {

struct Kpi {
    QString label, value, note;
    Color tone = Color::Text;
};

// Two cells a row.
class KpiGrid : public QWidget {
    Q_OBJECT
public:
    explicit KpiGrid(ThemeHub* hub, QWidget* parent = nullptr);
    void setKpis(std::vector<Kpi> kpis);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    ThemeHub* m_hub;
    std::vector<Kpi> m_kpis;
};

}  // namespace qat::ui
