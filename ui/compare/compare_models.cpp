// Models hold a shared, finished comparison; nothing is computed while painting.
#include "compare/compare_models.h"

#include <QFileInfo>
#include <QLocale>
#include <algorithm>
#include <cmath>

#include "widgets/format.h"

namespace qat::ui {
namespace {

QString scoreText(double score) {
    return QLocale().toString(score, 'f', 3);
}
QString none() {
    return QString(QChar(0x2013));
}

int toneOf(TransitionLook::Tone tone) {
    switch (tone) {
        case TransitionLook::Tone::Lost:
            return int(Color::Error);
        case TransitionLook::Tone::Gained:
            return int(Color::Success);
        case TransitionLook::Tone::New:
            return int(Color::Warning);
        case TransitionLook::Tone::Flip:
            return int(Color::Accent);
        case TransitionLook::Tone::Neutral:
            break;
    }
    return int(Color::Text2);
}

// The transitions a run can have.
std::vector<Transition> transitionsOf(const RunComparison& comparison) {
    if (comparison.labels == 0) return {Transition::Kept, Transition::Lost, Transition::Gained, Transition::ClassFlip};
    return {
        Transition::Kept,         Transition::Lost,          Transition::Gained,         Transition::ClassFlip,
        Transition::MissedByBoth, Transition::NewFalseAlarm, Transition::FalseAlarmGone, Transition::FalseAlarmInBoth};
}

std::vector<Facet> facetsOf(const RunComparison& comparison) {
    const int64_t most = *std::max_element(comparison.counts.begin(), comparison.counts.end());
    std::vector<Facet> facets;
    for (const Transition transition : transitionsOf(comparison)) {
        const int64_t count = comparison.count(transition);
        const double share = most > 0 ? static_cast<double>(count) / static_cast<double>(most) : 0.0;
        facets.push_back({transition, transitionLook(transition, comparison.labels > 0), count, share});
    }
    return facets;
}

std::vector<TableColumn<Facet>> facetColumns() {
    return {{FacetModel::tr("Transition"),
             {},
             [](const Facet& row) { return row.look.text; },
             {},
             {{ChipIconRole, [](const Facet& row) { return row.look.icon; }}}},
            {FacetModel::tr("Share")},
            {FacetModel::tr("Count"), Qt::AlignRight, [](const Facet& row) { return formatCount(row.count); }}};
}

FacetModel::Roles facetRoles() {
    return {{FacetModel::TransitionRole, [](const Facet& row) { return int(row.transition); }},
            {Qt::AccessibleTextRole,
             [](const Facet& row) { return FacetModel::tr("%1: %2").arg(row.look.text, formatCount(row.count)); }},
            {ChipKindRole, [](const Facet& row) { return toneOf(row.look.tone); }},
            {ShareRole, [](const Facet& row) { return row.share; }}};
}

using DamageCell = DamageModel::Cell;

TableColumn<DamagedImage> damageNumber(const QString& title, const std::function<int(const DamagedImage&)>& value,
                                       Color token = Color::Text2, bool stressed = false) {
    const DamageCell cell = [value](const DamagedImage& row) { return QString::number(value(row)); };
    const DamageCell sort = [value](const DamagedImage& row) { return static_cast<double>(value(row)); };
    const DamageCell ink = [value, token, stressed](const DamagedImage& row) {
        return int(stressed && value(row) > 0 ? Color::Text : token);
    };
    return {title, Qt::AlignRight, cell, sort, {{TokenRole, ink}}};
}

// NaN where no object is on both sides.
double scoreChange(const DamagedImage& row) {
    return row.result->pairs > 0 ? row.result->scoreChange : std::nan("");
}

std::vector<TableColumn<DamagedImage>> damageColumns() {
    const auto counted = [](Transition transition) {
        return [transition](const DamagedImage& row) { return row.count(transition); };
    };
    const DamageCell ink = [](const DamagedImage&) { return int(Color::Text2); };
    return {{DamageModel::tr("Image"),
             {},
             [](const DamagedImage& row) { return QFileInfo(row.image->path).completeBaseName(); },
             [](const DamagedImage& row) { return row.image->path; },
             {{CodeRole, [](const DamagedImage&) { return true; }},
              {TokenRole, [](const DamagedImage&) { return int(Color::Text); }}}},
            damageNumber(DamageModel::tr("FP32"), [](const DamagedImage& row) { return row.result->fp32Boxes; }),
            damageNumber(DamageModel::tr("Quant."), [](const DamagedImage& row) { return row.result->quantizedBoxes; }),
            {DamageModel::tr("Objects"),
             Qt::AlignRight,
             {},
             [](const DamagedImage& row) { return static_cast<double>(row.result->objects.size()); },
             {{TokenRole, ink}},
             Qt::Alignment()},
            damageNumber(DamageModel::tr("Lost"), counted(Transition::Lost), Color::Text2, true),
            damageNumber(DamageModel::tr("Flip"), counted(Transition::ClassFlip)),
            damageNumber(DamageModel::tr("New"), counted(Transition::NewFalseAlarm)),
            {DamageModel::tr("Score"),
             Qt::AlignRight,
             [](const DamagedImage& row) { return formatChange(scoreChange(row), 3); },
             [](const DamagedImage& row) { return scoreChange(row); },
             {{TokenRole, ink}}}};
}

DamageModel::Roles damageRoles() {
    const DamageCell path = [](const DamagedImage& row) { return row.image->path; };
    return {{Qt::ToolTipRole, path},
            {DamageModel::PathRole, path},
            {StackRole, [](const DamagedImage& row) {
                 return QVariantList{row.count(Transition::Kept) + row.count(Transition::Gained),
                                     row.count(Transition::Lost), row.count(Transition::ClassFlip),
                                     row.count(Transition::NewFalseAlarm)};
             }}};
}

QString nameOf(const ObjectRow& row, const RunBox* fp32, const RunBox* quantized, const RunBox* label) {
    if (row.transition == Transition::ClassFlip && fp32 && quantized)
        return ObjectModel::tr("%1, now %2").arg(fp32->name, quantized->name);
    const RunBox* any = label ? label : fp32 ? fp32 : quantized;
    return any ? any->name : none();
}

ShownObject shownObject(const RunImage& image, const ObjectRow& row, int number) {
    const RunBox* fp32 = row.fp32 >= 0 ? &image.fp32[row.fp32] : nullptr;
    const RunBox* quantized = row.quantized >= 0 ? &image.quantized[row.quantized] : nullptr;
    const RunBox* label = row.label >= 0 ? &image.labels[row.label] : nullptr;
    ShownObject shown;
    shown.look = transitionLook(row.transition, !image.labels.isEmpty());
    shown.icon = row.scoreDrop ? QStringLiteral("score-drop") : row.drift ? QStringLiteral("drift") : shown.look.icon;
    shown.number = QString::number(number);
    shown.name = nameOf(row, fp32, quantized, label);
    shown.fp32 = fp32 ? scoreText(fp32->score) : none();
    shown.quantized = quantized ? scoreText(quantized->score) : none();
    if (fp32 && quantized) {
        shown.change = formatChange(quantized->score - fp32->score, 3);
        shown.iou = QLocale().toString(row.iou, 'f', 2);
    }
    shown.words = shown.look.text;
    if (row.scoreDrop) shown.words += ObjectModel::tr(", score drop");
    if (row.drift) shown.words += ObjectModel::tr(", box drift");
    return shown;
}

std::vector<TableColumn<ShownObject>> objectColumns() {
    using Object = ShownObject;
    const ObjectModel::Cell words = [](const Object& row) {
        return int(row.look.tone == TransitionLook::Tone::Neutral ? Color::Text2 : Color::Text);
    };
    return {{ObjectModel::tr("#"), Qt::AlignRight, [](const Object& row) { return row.number; }},
            {{}, {}, {}, {}, {{ChipIconRole, [](const Object& row) { return row.icon; }}}},
            {ObjectModel::tr("Class"), {}, [](const Object& row) { return row.name; }},
            {ObjectModel::tr("FP32"), Qt::AlignRight, [](const Object& row) { return row.fp32; }},
            {ObjectModel::tr("Quant."), Qt::AlignRight, [](const Object& row) { return row.quantized; }},
            {ObjectModel::tr("Change"), Qt::AlignRight, [](const Object& row) { return row.change; }},
            {ObjectModel::tr("IoU"), Qt::AlignRight, [](const Object& row) { return row.iou; }},
            {ObjectModel::tr("Transition"), {}, [](const Object& row) { return row.words; }, {}, {{TokenRole, words}}}};
}

ObjectModel::Roles objectRoles() {
    return {{Qt::ToolTipRole, [](const ShownObject& row) { return row.words; }},
            {Qt::AccessibleTextRole,
             [](const ShownObject& row) { return ObjectModel::tr("%1, %2").arg(row.name, row.words); }},
            {ChipKindRole, [](const ShownObject& row) { return toneOf(row.look.tone); }},
            {TokenRole, [](const ShownObject&) { return int(Color::Text); }}};
}

}  // namespace

FacetModel::FacetModel(QObject* parent) : ColumnTable(facetColumns(), facetRoles(), parent) {}

void FacetModel::setComparison(const std::shared_ptr<const RunComparison>& comparison) {
    std::vector<Facet> facets = comparison ? facetsOf(*comparison) : std::vector<Facet>();
    const bool sameRows = !facets.empty() && facets.size() == rows().size();  // with labels there are more of them
    sameRows ? updateRows(std::move(facets)) : setRows(std::move(facets));
}

DamageModel::DamageModel(QObject* parent) : ColumnTable(damageColumns(), damageRoles(), parent) {}

void DamageModel::setComparison(std::shared_ptr<const RunComparison> comparison) {
    const bool sameRows = m_comparison && comparison && m_comparison->images == comparison->images;
    std::vector<DamagedImage> images;
    for (size_t i = 0; comparison && i < comparison->results.size(); ++i)
        images.push_back({&(*comparison->images)[i], &comparison->results[i]});
    sameRows ? updateRows(std::move(images)) : setRows(std::move(images));
    m_comparison = std::move(comparison);  // no row points into the one before it any more
}

DamageFilter::DamageFilter(QObject* parent) : QSortFilterProxyModel(parent) {
    setSortRole(SortRole);
    setDynamicSortFilter(true);
}

void DamageFilter::setWanted(std::set<Transition> wanted, std::shared_ptr<const RunComparison> comparison) {
    m_wanted = std::move(wanted);
    m_comparison = std::move(comparison);
    invalidate();
}

bool DamageFilter::filterAcceptsRow(int row, const QModelIndex&) const {
    if (m_wanted.empty() || !m_comparison || row >= static_cast<int>(m_comparison->results.size())) return true;
    const ImageComparison& image = m_comparison->results[static_cast<size_t>(row)];
    return std::any_of(m_wanted.begin(), m_wanted.end(), [&](Transition t) { return image.count(t) > 0; });
}

bool DamageFilter::lessThan(const QModelIndex& left, const QModelIndex& right) const {
    const QString pathA = left.data(DamageModel::PathRole).toString(),
                  pathB = right.data(DamageModel::PathRole).toString();
    if (left.column() == DamageModel::Image) return pathA < pathB;
    const double a = left.data(SortRole).toDouble(), b = right.data(SortRole).toDouble();
    if (std::isnan(a) != std::isnan(b)) return std::isnan(a);
    if (a == b || std::isnan(a)) return pathA < pathB;
    return a < b;
}

ObjectModel::ObjectModel(QObject* parent) : ColumnTable(objectColumns(), objectRoles(), parent) {}

void ObjectModel::setObjects(const RunImage& image, const std::vector<ObjectRow>& objects) {
    std::vector<ShownObject> shown;
    for (const ObjectRow& row : objects) shown.push_back(shownObject(image, row, static_cast<int>(shown.size()) + 1));
    setRows(std::move(shown));
}

}  // namespace qat::ui
