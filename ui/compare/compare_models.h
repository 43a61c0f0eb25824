// The three lists of the Compare page: transitions with counts, damaged images, objects of one image.
#pragma once

#include <QSortFilterProxyModel>
#include <memory>
#include <set>

#include "compare/comparison.h"
#include "widgets/column_table.h"

namespace qat::ui {

struct Facet {
    Transition transition;
    TransitionLook look;
    int64_t count;
    double share;  // of the most frequent transition
};

// Every row is a transition: glyph and words, share of all as a bar, count.
class FacetModel : public ColumnTable<Facet> {
    Q_OBJECT
public:
    static constexpr int TransitionRole = Qt::UserRole + 60;  // int(Transition)
    enum Column { Name, Share, Count };
    explicit FacetModel(QObject* parent = nullptr);
    void setComparison(const std::shared_ptr<const RunComparison>& comparison);
};

// Of one image; points into the comparison.
struct DamagedImage {
    const RunImage* image;
    const ImageComparison* result;
    int count(Transition transition) const { return result->count(transition); }
};

class DamageModel : public ColumnTable<DamagedImage> {
    Q_OBJECT
public:
    static constexpr int PathRole = Qt::UserRole + 62;
    enum Column { Image, Fp32, Quantized, Objects, Lost, Flip, New, Score, ColumnCount };
    explicit DamageModel(QObject* parent = nullptr);
    void setComparison(std::shared_ptr<const RunComparison> comparison);

private:
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

// An object as its row says it.
struct ShownObject {
    QString number, name, fp32, quantized, change, iou, words;
    QString icon;  // of the glyph: the transition's, or that of a drop or drift
    TransitionLook look;
};

class ObjectModel : public ColumnTable<ShownObject> {
    Q_OBJECT
public:
    enum Column { Number, Glyph, Class, Fp32, Quantized, Change, Iou, Words, ColumnCount };
    explicit ObjectModel(QObject* parent = nullptr);
    void setObjects(const RunImage& image, const std::vector<ObjectRow>& objects);
};

}  // namespace qat::ui
