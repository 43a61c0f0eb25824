// The three lists of the Compare page: transitions with counts, damaged images, objects of one image.
#pragma once

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>
#include <memory>
#include <set>

#include "compare/comparison.h"
#include "widgets/row_table.h"

namespace qat::ui {

// Every row is a transition: glyph and words, share of all as a bar, count.
class FacetModel : public QAbstractTableModel {
    Q_OBJECT
public:
    static constexpr int TransitionRole = Qt::UserRole + 60;  // int(Transition)
    enum Column { Name, Share, Count, ColumnCount };
    using QAbstractTableModel::QAbstractTableModel;
    void setComparison(std::shared_ptr<const RunComparison> comparison);
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

private:
    std::vector<Transition> shown() const;
    std::shared_ptr<const RunComparison> m_comparison;
};

class DamageModel : public QAbstractTableModel {
    Q_OBJECT
public:
    static constexpr int StackRole = Qt::UserRole + 61;  // QVariantList: kept, lost, flip, new
    static constexpr int PathRole = Qt::UserRole + 62;
    enum Column { Image, Fp32, Quantized, Objects, Lost, Flip, New, Score, ColumnCount };
    using QAbstractTableModel::QAbstractTableModel;
    void setComparison(std::shared_ptr<const RunComparison> comparison);
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    double valueOf(int row, int column) const;
    std::shared_ptr<const RunComparison> m_comparison;
};

// Keeps images that hold at least one of the chosen transitions; sorts by SortRole, equal ones by path.
class DamageFilter : public QSortFilterProxyModel {
    Q_OBJECT
public:
    explicit DamageFilter(QObject* parent = nullptr);
    void setWanted(std::set<Transition> wanted, std::shared_ptr<const RunComparison> comparison);

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;
    bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

private:
    std::set<Transition> m_wanted;
    std::shared_ptr<const RunComparison> m_comparison;
};

class ObjectModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Number, Glyph, Class, Fp32, Quantized, Change, Iou, Words, ColumnCount };
    using QAbstractTableModel::QAbstractTableModel;
    void setObjects(const RunImage& image, std::vector<ObjectRow> objects);
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QString textOf(const ObjectRow& row, int column, int number) const;
    RunImage m_image;
    std::vector<ObjectRow> m_objects;
};

// A transition's glyph on its soft fill, and its words if the cell has any.
class GlyphDelegate : public RowDelegate {
    Q_OBJECT
public:
    using RowDelegate::RowDelegate;

protected:
    void paintContent(QPainter& painter, const QRect& cell, const QStyleOptionViewItem& option,
                      const QModelIndex& index) const override;
};

// Kept, lost, flip filled; new hollow: lost and new differ in shape too.
class StackDelegate : public RowDelegate {
    Q_OBJECT
public:
    using RowDelegate::RowDelegate;

protected:
    void paintContent(QPainter& painter, const QRect& cell, const QStyleOptionViewItem& option,
                      const QModelIndex& index) const override;
};

// A plain grey share bar.
class TrackDelegate : public RowDelegate {
    Q_OBJECT
public:
    using RowDelegate::RowDelegate;

protected:
    void paintContent(QPainter& painter, const QRect& cell, const QStyleOptionViewItem& option,
                      const QModelIndex& index) const override;
};

}  // namespace qat::ui
