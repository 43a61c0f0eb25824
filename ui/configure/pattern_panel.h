// The layer patterns of the configuration: how many layers each matches, what it sets, what is doubtful about it.
#pragma once

#include <QWidget>

class QStandardItemModel;

namespace qat::ui {

class Document;
class RowTable;
class SelectionHub;
class ThemeHub;

class PatternPanel : public QWidget {
    Q_OBJECT
public:
    PatternPanel(const ThemeHub& hub, SelectionHub* selection, Document* document, QWidget* parent = nullptr);
    // Writes \. for every dot of the selected pattern that can only mean a dot.
    void escapeDots();

Q_SIGNALS:
    void lineWanted(int line);

private:
    void refresh();

    const ThemeHub& m_hub;
    SelectionHub* m_selection;
    Document* m_document;
    QStandardItemModel* m_items;
    RowTable* m_table;
};

}  // namespace qat::ui
