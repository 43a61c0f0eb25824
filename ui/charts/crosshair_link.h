// One crosshair for several charts: each follows where the pointer is in any of them.
#pragma once

#include <QObject>
#include <optional>

namespace qat::ui {

class CrosshairLink : public QObject {
    Q_OBJECT
public:
    explicit CrosshairLink(QObject* parent = nullptr) : QObject(parent) {}
    std::optional<double> x() const { return m_x; }
    void set(std::optional<double> x) {
        if (x == m_x) return;
        m_x = x;
        Q_EMIT moved();
    }

Q_SIGNALS:
    void moved();

private:
    std::optional<double> m_x;
};

}  // namespace qat::ui
