// Rows of "name, value, where it came from", painted with one baseline each.
#pragma once

#include <QWidget>
#include <vector>

#include "style/theme_hub.h"

namespace qat::ui {

struct Fact {
    QString name, value, note;
    bool code = false;  // the value is a name: code font, elided in the middle
    bool operator==(const Fact&) const = default;
};

class FactList : public QWidget {
    Q_OBJECT
public:
    // The notes stand at the right under `noteTitle`.
    FactList(ThemeHub* hub, const QString& title, const QString& noteTitle, QWidget* parent = nullptr);
    void setFacts(std::vector<Fact> facts);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {160, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    ThemeHub* m_hub;
    QString m_title, m_noteTitle;
    std::vector<Fact> m_facts;
};

}  // namespace qat::ui
