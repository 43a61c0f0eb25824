// The pieces the welcome page is made of: start rows, the sample card, icons in text, the preset table.
#pragma once

#include <QAbstractButton>

#include "style/theme.h"
#include "widgets/row_table.h"

namespace qat::ui {

class ThemeHub;

// A wide flat row: icon, words, shortcut.
class StartRow : public QAbstractButton {
    Q_OBJECT
public:
    StartRow(const ThemeHub& hub, const QString& icon, const QString& text, const QString& keys, QWidget* parent);
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    const ThemeHub& m_hub;
    QString m_icon, m_keys;
};

// A 14 px icon among words.
class IconLabel : public QWidget {
    Q_OBJECT
public:
    IconLabel(const ThemeHub& hub, const QString& icon, Color color, QWidget* parent);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const ThemeHub& m_hub;
    QString m_icon;
    Color m_color;
};

// A hairline card with a small drawn curve: FP32 line, quantized curve, floor.
class SampleCard : public QWidget {
    Q_OBJECT
public:
    SampleCard(const ThemeHub& hub, QWidget* parent) : QWidget(parent), m_hub(hub) {}

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const ThemeHub& m_hub;
};

// The presets with their bits; a double click or Enter chooses one.
class PresetTable : public RowTable {
    Q_OBJECT
public:
    PresetTable(const ThemeHub& hub, QWidget* parent);

Q_SIGNALS:
    void chosen(const QString& key);
};

}  // namespace qat::ui
