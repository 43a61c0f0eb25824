// The stages of a run as stations on a line.
#pragma once

#include <QWidget>

#include "feed/run_data.h"
#include "style/theme_hub.h"

namespace qat::ui {

class StageRail : public QWidget {
    Q_OBJECT
public:
    explicit StageRail(ThemeHub* hub, QWidget* parent = nullptr);
    void showRun(const RunData& data);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    enum class Look { Pending, Running, Done, Broken };
    struct Station {
        QString title, note;
        Look look = Look::Pending;
        bool operator==(const Station&) const = default;
    };
    void paintStation(QPainter& painter, const Station& station, QPointF at, double width) const;

    ThemeHub* m_hub;
    std::vector<Station> m_stations;
};

}  // namespace qat::ui
