// Models hold a shared, finished comparison; nothing is computed while painting.
#include "compare/compare_models.h"

#include <QFileInfo>
#include <QLocale>
#include <algorithm>
#include <cmath>

#include "widgets/format.h"

namespace qat::ui {
namespace {

constexpr int kRight = int(Qt::AlignRight | Qt::AlignVCenter);

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

}  // namespace

std::vector<Transition> FacetModel::shown() const {
    if (!m_comparison) return {};
    if (m_comparison->labels == 0)
        return {Transition::Kept, Transition::Lost, Transition::Gained, Transition::ClassFlip};
    return {
        Transition::Kept,         Transition::Lost,          Transition::Gained,         Transition::ClassFlip,
        Transition::MissedByBoth, Transition::NewFalseAlarm, Transition::FalseAlarmGone, Transition::FalseAlarmInBoth};
}

void FacetModel::setComparison(std::shared_ptr<const RunComparison> comparison) {
    const bool sameRows = m_comparison && comparison && (m_comparison->labels == 0) == (comparison->labels == 0);
    if (!sameRows) beginResetModel();
    m_comparison = std::move(comparison);
    if (!sameRows)
        endResetModel();
    else
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
}

int FacetModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(shown().size());
}
int FacetModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(ColumnCount);
}

QVariant FacetModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || !m_comparison) return {};
    const Transition transition = shown()[static_cast<size_t>(index.row())];
    const TransitionLook look = transitionLook(transition, m_comparison->labels > 0);
    switch (role) {
        case TransitionRole:
            return int(transition);
        case Qt::DisplayRole:
            return index.column() == Name    ? look.text
                   : index.column() == Count ? formatCount(m_comparison->count(transition))
                                             : QVariant();
        case Qt::AccessibleTextRole:
            return tr("%1: %2").arg(look.text, formatCount(m_comparison->count(transition)));
        case ChipIconRole:
            return index.column() == Name ? QVariant(look.icon) : QVariant();
        case ChipKindRole:
            return toneOf(look.tone);
        case Qt::TextAlignmentRole:
            return index.column() == Count ? kRight : QVariant();
        case ShareRole: {
            const int64_t most = *std::max_element(m_comparison->counts.begin(), m_comparison->counts.end());
            return most > 0 ? static_cast<double>(m_comparison->count(transition)) / static_cast<double>(most) : 0.0;
        }
        default:
            return {};
    }
}

void DamageModel::setComparison(std::shared_ptr<const RunComparison> comparison) {
    const bool sameRows = m_comparison && comparison && m_comparison->images == comparison->images;
    if (!sameRows) beginResetModel();
    m_comparison = std::move(comparison);
    if (!sameRows) return endResetModel();
    if (rowCount() > 0) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
}

int DamageModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() || !m_comparison ? 0 : static_cast<int>(m_comparison->results.size());
}
int DamageModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(ColumnCount);
}

double DamageModel::valueOf(int row, int column) const {
    const ImageComparison& image = m_comparison->results[static_cast<size_t>(row)];
    switch (column) {
        case Fp32:
            return image.fp32Boxes;
        case Quantized:
            return image.quantizedBoxes;
        case Objects:
            return static_cast<double>(image.objects.size());
        case Lost:
            return image.count(Transition::Lost);
        case Flip:
            return image.count(Transition::ClassFlip);
        case New:
            return image.count(Transition::NewFalseAlarm);
        case Score:
            return image.pairs > 0 ? image.scoreChange : std::nan("");
        default:
            return 0;
    }
}

QVariant DamageModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || !m_comparison) return {};
    const RunImage& image = (*m_comparison->images)[static_cast<size_t>(index.row())];
    const ImageComparison& result = m_comparison->results[static_cast<size_t>(index.row())];
    switch (role) {
        case Qt::DisplayRole:
            if (index.column() == Image) return QFileInfo(image.path).completeBaseName();
            if (index.column() == Objects) return {};
            if (index.column() == Score) return formatChange(valueOf(index.row(), Score), 3);
            return QString::number(static_cast<int>(valueOf(index.row(), index.column())));
        case Qt::ToolTipRole:
            return image.path;
        case PathRole:
            return image.path;
        case CodeRole:
            return index.column() == Image;
        case SortRole:
            return index.column() == Image ? QVariant(image.path) : QVariant(valueOf(index.row(), index.column()));
        case Qt::TextAlignmentRole:
            return index.column() == Image ? QVariant() : kRight;
        case TokenRole:
            return int(index.column() == Lost && result.count(Transition::Lost) > 0 ? Color::Text
                       : index.column() == Image                                    ? Color::Text
                                                                                    : Color::Text2);
        case StackRole:
            return QVariantList{result.count(Transition::Kept) + result.count(Transition::Gained),
                                result.count(Transition::Lost), result.count(Transition::ClassFlip),
                                result.count(Transition::NewFalseAlarm)};
        default:
            return {};
    }
}

QVariant DamageModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole && section != Image && section != Objects) return kRight;
    if (role != Qt::DisplayRole) return {};
    const QString titles[] = {tr("Image"), tr("FP32"), tr("Quant."), tr("Objects"),
                              tr("Lost"),  tr("Flip"), tr("New"),    tr("Score")};
    return titles[std::clamp(section, 0, int(ColumnCount) - 1)];
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

void ObjectModel::setObjects(const RunImage& image, std::vector<ObjectRow> objects) {
    beginResetModel();
    m_image = image;
    m_objects = std::move(objects);
    endResetModel();
}

int ObjectModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_objects.size());
}
int ObjectModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(ColumnCount);
}

QString ObjectModel::textOf(const ObjectRow& row, int column, int number) const {
    const RunBox* fp32 = row.fp32 >= 0 ? &m_image.fp32[row.fp32] : nullptr;
    const RunBox* quantized = row.quantized >= 0 ? &m_image.quantized[row.quantized] : nullptr;
    const RunBox* label = row.label >= 0 ? &m_image.labels[row.label] : nullptr;
    switch (column) {
        case Number:
            return QString::number(number);
        case Class: {
            if (row.transition == Transition::ClassFlip && fp32 && quantized)
                return tr("%1, now %2").arg(fp32->name, quantized->name);
            const RunBox* any = label ? label : fp32 ? fp32 : quantized;
            return any ? any->name : none();
        }
        case Fp32:
            return fp32 ? scoreText(fp32->score) : none();
        case Quantized:
            return quantized ? scoreText(quantized->score) : none();
        case Change:
            return fp32 && quantized ? formatChange(quantized->score - fp32->score, 3) : QString();
        case Iou:
            return fp32 && quantized ? QLocale().toString(row.iou, 'f', 2) : QString();
        case Words: {
            QString words = transitionLook(row.transition, !m_image.labels.isEmpty()).text;
            if (row.scoreDrop) words += tr(", score drop");
            if (row.drift) words += tr(", box drift");
            return words;
        }
        default:
            return {};
    }
}

QVariant ObjectModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid()) return {};
    const ObjectRow& row = m_objects[static_cast<size_t>(index.row())];
    const TransitionLook look = transitionLook(row.transition, !m_image.labels.isEmpty());
    const bool words = index.column() == Class || index.column() == Words || index.column() == Glyph;
    switch (role) {
        case Qt::DisplayRole:
            return textOf(row, index.column(), index.row() + 1);
        case Qt::ToolTipRole:
            return textOf(row, Words, 0);
        case Qt::AccessibleTextRole:
            return tr("%1, %2").arg(textOf(row, Class, 0), textOf(row, Words, 0));
        case ChipIconRole:
            if (index.column() != Glyph) return {};
            return row.scoreDrop ? QStringLiteral("score-drop") : row.drift ? QStringLiteral("drift") : look.icon;
        case ChipKindRole:
            return toneOf(look.tone);
        case Qt::TextAlignmentRole:
            return words ? QVariant() : kRight;
        case TokenRole:
            return int(look.tone == TransitionLook::Tone::Neutral && index.column() == Words ? Color::Text2
                                                                                             : Color::Text);
        default:
            return {};
    }
}

QVariant ObjectModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    const bool words = section == Class || section == Words || section == Glyph;
    if (role == Qt::TextAlignmentRole && !words) return kRight;
    if (role != Qt::DisplayRole) return {};
    const QString titles[] = {tr("#"),      QString(),    tr("Class"), tr("FP32"),
                              tr("Quant."), tr("Change"), tr("IoU"),   tr("Transition")};
    return titles[std::clamp(section, 0, int(ColumnCount) - 1)];
}

}  // namespace qat::ui
