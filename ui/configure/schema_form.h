// The form of one section, made from the table of configuration fields.
#pragma once

#include <QHash>
#include <QPointer>
#include <QScrollArea>

namespace qat::ui {

class Document;
class FieldEditor;
class ThemeHub;
class ThemedLabel;

class SchemaForm : public QScrollArea {
    Q_OBJECT
public:
    SchemaForm(const ThemeHub& hub, Document* document, QWidget* parent = nullptr);
    // Top-level key: model, quantization, ...
    void showSection(const QString& section);
    const QString& section() const { return m_section; }
    FieldEditor* editor(const QString& key) const { return m_editors.value(key); }
    void focusField(const QString& key);
    // Whether the section's name stands above its fields.
    void setTitled(bool titled);

Q_SIGNALS:
    void fieldFocused(const QString& key);
    void refused(const QString& sentence);

private:
    void build();
    void refresh();
    int widestLabel() const;

    const ThemeHub& m_hub;
    Document* m_document;
    QString m_section;
    QHash<QString, FieldEditor*> m_editors;
    QPointer<ThemedLabel> m_title;
    bool m_titled = true;
};

// Words for a top-level key or a group inside it: "qat_params" -> "QAT".
QString sectionTitle(const QString& key);

}  // namespace qat::ui
