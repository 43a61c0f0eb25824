// The tool bar: perspective switch, what is open (model, config, data), search field, the one primary button.
#pragma once

#include <QToolBar>
#include <QToolButton>

#include "pages/page_spec.h"

class QPushButton;

namespace qat::ui {

class SegmentBar;
class ThemeHub;

// A flat button that shows a caption and a value and opens a menu: "Model yolov8n.pt v".
class ContextButton : public QToolButton {
    Q_OBJECT
public:
    ContextButton(const ThemeHub& hub, const QString& caption, QWidget* parent);
    // "" reads "none". tip: what to say beside the value in full.
    void setValue(const QString& value, const QString& tip = {});
    QString value() const { return m_value; }
    // Without its caption, and with a shorter value, where place is scarce.
    void setNarrow(bool noCaption, bool shortValue);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

Q_SIGNALS:
    void valueChanged();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const ThemeHub& m_hub;
    QString m_caption, m_value;
    bool m_noCaption = false, m_shortValue = false;
};

// A button that looks like a search field and shows its shortcut.
class SearchButton : public QToolButton {
    Q_OBJECT
public:
    SearchButton(const ThemeHub& hub, QWidget* parent);
    void setIconOnly(bool iconOnly);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const ThemeHub& m_hub;
    bool m_iconOnly = false;
};

// What gives way in a narrow window, in this order: captions, the length of values, data, config, the search's text,
// the perspectives' texts.
class TopBar : public QToolBar {
    Q_OBJECT
public:
    // A segment for every page that has an icon.
    TopBar(const ThemeHub& hub, const std::vector<PageSpec>& pages, QWidget* parent);
    SegmentBar* perspectives() { return m_perspectives; }
    ContextButton* model() { return m_model; }
    ContextButton* config() { return m_config; }
    ContextButton* data() { return m_data; }
    QToolButton* search() { return m_search; }
    QPushButton* run() { return m_run; }
    void showContext(bool shown);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void fit();
    void giveWay(int steps);

    const ThemeHub& m_hub;
    QWidget* m_all;
    SegmentBar* m_perspectives;
    QWidget* m_context;
    ContextButton* m_model;
    ContextButton* m_config;
    ContextButton* m_data;
    SearchButton* m_search;
    QPushButton* m_run;
};

}  // namespace qat::ui
