// What a view says while it has nothing to show: one sentence and at most two buttons, top left.
#pragma once

#include <QWidget>

class QHBoxLayout;

namespace qat::ui {

class ThemeHub;
class ThemedLabel;

class EmptyState : public QWidget {
    Q_OBJECT
public:
    EmptyState(const ThemeHub& hub, const QString& sentence, QWidget* parent = nullptr);
    void setSentence(const QString& sentence);
    void addButton(QWidget* button);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const ThemeHub& m_hub;
    ThemedLabel* m_label;
    QHBoxLayout* m_buttons;
};

}  // namespace qat::ui
