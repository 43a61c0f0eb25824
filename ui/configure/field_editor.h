// One value of the configuration in the form: the right control for its kind, with what is wrong with it.
#pragma once

#include <QWidget>
#include <functional>

#include "config/config_io.h"

namespace qat::ui {

class ThemeHub;
class ThemedLabel;

class FieldEditor : public QWidget {
    Q_OBJECT
public:
    // labelWidth in pixels: alike for all fields of a section.
    FieldEditor(const ThemeHub& hub, const ConfigField& field, int labelWidth, QWidget* parent = nullptr);

    const ConfigField& field() const { return m_field; }
    QString key() const { return QString::fromStdString(m_field.path); }
    // Shows a value as configValueAt gives it, without emitting edited(). stated: the text holds it (a dot marks it).
    void show(const QString& value, bool stated);
    // "" = nothing wrong.
    void setIssue(const QString& message, bool isError);
    QWidget* control() { return m_control; }
    void setLabelWidth(int pixels);
    // As the user types it in: sets the control and emits edited().
    void enter(const QString& value);

Q_SIGNALS:
    void edited(const QString& key, const QString& value);
    void focused(const QString& key);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    QWidget* makeControl();
    QWidget* makeCheck();
    QWidget* makeChoice();
    QWidget* makeNumber();
    QWidget* makeLine();
    void commit(const QString& value);

    const ThemeHub& m_hub;
    ConfigField m_field;
    ThemedLabel* m_label;
    ThemedLabel* m_issue;
    QWidget* m_control = nullptr;
    std::function<void(const QString&)> m_show;
    QString m_value;
    bool m_stated = false;
};

}  // namespace qat::ui
