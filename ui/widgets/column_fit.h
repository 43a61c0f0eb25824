// Who gives way when a table is too narrow: the names keep their width, other columns go.
#pragma once

#include <QList>
#include <QObject>
#include <QTimer>
#include <map>

namespace qat::ui {

class RowTable;

// Gives the column of names the width of its longest one, and hides columns of `givesWay`, from its first on, until
// that fits; they come back with the place for them. Only if nothing is left to hide are names elided. `least`: widths
// below which columns that stretch are not squeezed. What is hidden is listed in the header's tooltip.
class ColumnFit : public QObject {
    Q_OBJECT
public:
    ColumnFit(RowTable* table, int names, QList<int> givesWay, std::map<int, int> least = {});
    // Now instead of after the events under way.
    void fit();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void follow();
    int nameWidth() const;
    int widthOf(int column) const;
    void tellHidden();

    RowTable* m_table;
    int m_names;
    QList<int> m_givesWay;
    std::map<int, int> m_least;
    std::map<int, int> m_natural;  // of columns that are hidden
    QTimer m_soon;
};

}  // namespace qat::ui
