// One header for both panels.
#include "configure/lab_panel.h"

#include <QEvent>
#include <QSettings>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "configure/pattern_panel.h"
#include "configure/placement_check.h"
#include "configure/placement_panel.h"
#include "style/theme_hub.h"
#include "widgets/buttons.h"
#include "widgets/chip_view.h"
#include "widgets/format.h"
#include "widgets/panel.h"
#include "widgets/row_table.h"
#include "widgets/segment_bar.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

const auto kPatterns = QStringLiteral("patterns");
const auto kPlacement = QStringLiteral("placement");
const auto kSetting = QStringLiteral("configure/lab");

// Shown while its count is not 0.
void showCount(ChipView* chip, const std::vector<PlacementRule>& rules, PlacementCost cost) {
    const int count = countRules(rules, cost);
    chip->showChip(costChip(cost, count));
    chip->setToolTip(
        counted(count, LabPanel::tr("1 rule of the placement check"), LabPanel::tr("%1 rules of the placement check")));
    chip->setVisible(count > 0);
}

}  // namespace

LabPanel::LabPanel(const ThemeHub& hub, SelectionHub* selection, Document* document, QWidget* parent)
    : QWidget(parent),
      m_hub(hub),
      m_check(new PlacementCheck(document, this)),
      m_tabs(new SegmentBar(hub, true, this)),
      m_escape(makeButton(hub, tr("Escape dots"), ButtonKind::Flat, QStringLiteral("regex"), true, this)),
      m_patterns(new PatternPanel(hub, selection, document, this)),
      m_placement(new PlacementPanel(hub, selection, m_check, this)),
      m_stack(new QStackedWidget(this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(makeHeader());
    column->addWidget(m_stack, 1);
    m_stack->addWidget(m_patterns);
    m_stack->addWidget(m_placement);
    connect(m_patterns, &PatternPanel::lineWanted, this, &LabPanel::lineWanted);
    connect(m_check, &PlacementCheck::changed, this, &LabPanel::refreshBadge);
    refreshBadge();
    showTab(QSettings().value(kSetting, kPatterns).toString());
}

QWidget* LabPanel::makeHeader() {
    auto* header = new PanelHeader(m_hub, {}, this);
    m_tabs->setAccessibleName(tr("Patterns or placement"));
    m_tabs->addSegment(kPatterns, tr("Pattern lab"), {}, tr("What each layer pattern matches and sets"));
    m_tabs->addSegment(kPlacement, tr("Placement"), {}, tr("What would break a fusion in TensorRT or ONNX Runtime"));
    connect(m_tabs, &SegmentBar::chosen, this, [this](int, const QString& key) { showTab(key); });
    header->addLeading(m_tabs);
    for (ChipView** chip : {&m_refused, &m_slower}) {
        *chip = new ChipView(&m_hub, header);
        (*chip)->setCursor(Qt::PointingHandCursor);
        (*chip)->installEventFilter(this);
        header->addLeading(*chip);
    }
    m_hint = new ThemedLabel(m_hub, {}, TextStyle::Small, Color::Text3, header);
    m_hint->setElide(Qt::ElideRight);
    header->addLeading(m_hint);
    m_escape->setToolTip(tr("Write \\. for every dot of the selected pattern that can only mean a dot"));
    connect(m_escape, &QPushButton::clicked, m_patterns, &PatternPanel::escapeDots);
    header->addWidget(m_escape);
    return header;
}

void LabPanel::showTab(const QString& key) {
    const bool placement = key == kPlacement;
    m_tabs->setCurrentIndex(placement ? 1 : 0);
    m_stack->setCurrentIndex(placement ? 1 : 0);
    m_escape->setVisible(!placement);
    m_hint->setText(hint());
    QSettings().setValue(kSetting, m_tabs->currentKey());
}

// A sentence in place of the rules says all there is to say.
QString LabPanel::hint() const {
    if (tab() == kPatterns) return tr("later patterns win; a click selects the matched layers");
    if (!m_placement->sentence().isEmpty()) return {};
    const QStringList clear = clearRuntimes(m_placement->rules());
    return clear.isEmpty() ? tr("a click selects the layers")
                           : tr("nothing stops a fusion in %1").arg(clear.join(tr(" or ")));
}

QString LabPanel::tab() const {
    return m_tabs->currentKey();
}

QString LabPanel::badge() const {
    QStringList counts;
    for (const ChipView* chip : {m_refused, m_slower})
        if (!chip->isHidden()) counts.append(chip->accessibleName());
    return counts.join(QStringLiteral(", "));
}

void LabPanel::refreshBadge() {
    showCount(m_refused, m_placement->rules(), PlacementCost::Refused);
    showCount(m_slower, m_placement->rules(), PlacementCost::Slower);
    m_hint->setText(hint());
}

QSize LabPanel::sizeHint() const {
    return {m_hub.px(600), m_hub.px(230)};
}

bool LabPanel::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::MouseButtonPress) showTab(kPlacement);
    return QWidget::eventFilter(watched, event);
}

}  // namespace qat::ui
