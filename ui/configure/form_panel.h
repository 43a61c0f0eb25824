// The left dock of Configure: sections with issue counts, the form, help on the focused field.
#pragma once

#include <QWidget>

class QComboBox;
class QStandardItemModel;

namespace qat::ui {

class Document;
class MessageStack;
class RowTable;
class SchemaForm;
class ThemeHub;
class ThemedLabel;

class FormPanel : public QWidget {
    Q_OBJECT
public:
    FormPanel(const ThemeHub& hub, Document* document, QWidget* parent = nullptr);
    SchemaForm* form() { return m_form; }
    void showSection(const QString& section);
    QSize sizeHint() const override;  // the width its dock starts with
    // Folded: a box above the form in place of the list of sections beside it.
    void setFolded(bool folded);
    bool isFolded() const;

Q_SIGNALS:
    void fieldFocused(const QString& key);

private:
    QWidget* makeSections();
    QWidget* makeSectionBox();
    QWidget* makeHelp();
    void refresh();
    void showHelp(const QString& key);

    const ThemeHub& m_hub;
    Document* m_document;
    QStandardItemModel* m_sections;
    RowTable* m_list;
    QWidget* m_side;
    QWidget* m_sideLine;
    QWidget* m_top;
    QComboBox* m_box;
    ThemedLabel* m_boxIssues;
    SchemaForm* m_form;
    MessageStack* m_messages;
    ThemedLabel* m_differs;
    ThemedLabel* m_helpTitle;
    ThemedLabel* m_helpLine;
    ThemedLabel* m_helpText;
};

}  // namespace qat::ui
