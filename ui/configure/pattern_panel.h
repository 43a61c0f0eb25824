// The layer patterns of the configuration: how many layers each matches, what it sets, what is doubtful about it.
#pragma once

#include <QWidget>

class QStandardItemModel;

namespace qat::ui {

class Document;
class PanelHeader;
class RowTable;
class SelectionHub;
class ThemeHub;

class PatternPanel : public QWidget {
    Q_OBJECT
public:
    PatternPanel(const ThemeHub& hub, SelectionHub* selection, Document* document, QWidget* parent = nullptr);

    QSize sizeHint() const override;  // the height its dock starts with

Q_SIGNALS:
    void lineWanted(int line);

private:
    void refresh();
    void escapeDots();

    const ThemeHub& m_hub;
    SelectionHub* m_selection;
    Document* m_document;
    QStandardItemModel* m_items;
    RowTable* m_table;
};

}  // namespace qat::ui
