// What the Configure page says about placement: grouped, live, calm where there is nothing, and linked with the layers.
#include <gtest/gtest.h>

#include <QKeyEvent>
#include <QSettings>

#include "configure/configure_page.h"
#include "configure/lab_panel.h"
#include "configure/layer_panel.h"
#include "configure/placement_panel.h"
#include "document/document.h"
#include "document/selection_hub.h"
#include "style/theme_hub.h"
#include "ui/edited_config.h"
#include "ui/wait.h"
#include "widgets/row_table.h"

namespace qat::ui {
namespace {

using test::waitFor;

const auto kClean = QStringLiteral(
    "model:\n  variant: \"n\"\nquantization:\n  weight:\n    bit_width: 8\n  activation:\n    dtype: \"qint8\"\n"
    "    symmetric: true\n    bit_width: 8\n");

class PlacementPanelTest : public testing::Test {
protected:
    void open(const QString& text) { document.create(text, QStringLiteral("mixed.yaml")); }
    bool shows(const QString& sentence) {
        return waitFor([&] { return panel().sentence() == sentence; });
    }
    bool lists(int rules) {
        return waitFor([&] { return panel().sentence().isEmpty() && int(panel().rules().size()) == rules; });
    }
    PlacementPanel& panel() { return *page.lab()->placement(); }
    QStringList selected() const { return selection.namesOf(selection.selected()); }
    static void press(QWidget* widget, Qt::Key key) {
        QKeyEvent event(QEvent::KeyPress, key, Qt::NoModifier);
        QCoreApplication::sendEvent(widget, &event);
    }

    ThemeHub theme{ThemeHub::Mode::Light};
    SelectionHub selection;
    Document document;
    ConfigurePage page{&theme, &selection, &document};
};

TEST_F(PlacementPanelTest, GroupsByRuleCostliestFirst) {
    open(QString::fromUtf8(test::kEditedConfig));
    ASSERT_TRUE(lists(3));
    const auto& rules = panel().rules();
    EXPECT_EQ(rules[0].name, QStringLiteral("zero-point"));
    EXPECT_EQ(rules[0].cost, PlacementCost::Refused);
    EXPECT_EQ(rules[0].runtimes, QStringList{QStringLiteral("TensorRT")});
    EXPECT_EQ(rules[0].places.size(), 2);
    EXPECT_EQ(rules[1].cost, PlacementCost::Slower);
    EXPECT_EQ(rules[2].runtimes, (QStringList{QStringLiteral("TensorRT"), QStringLiteral("ONNX Runtime")}))
        << "said by both in the same words";
    EXPECT_EQ(rules[2].places.size(), 2) << "each place once";
    EXPECT_EQ(page.lab()->badge(), QStringLiteral("1 refused, 1 slower"));
}

TEST_F(PlacementPanelTest, RuntimesWithNothingButNotesAreClear) {
    PlacementReport report;
    EXPECT_EQ(clearRuntimes(rulesOf(report)).size(), 2);
    report.findings = {{Runtime::TensorRt, "clip", PlacementCost::Note, "a", "A."},
                       {Runtime::OnnxRuntime, "float-sum", PlacementCost::Slower, "b", "B."}};
    EXPECT_EQ(clearRuntimes(rulesOf(report)), QStringList{QStringLiteral("TensorRT")});
}

TEST_F(PlacementPanelTest, FollowsEditsAndKeepsTheChosenRule) {
    open(QString::fromUtf8(test::kEditedConfig));
    ASSERT_TRUE(lists(3));
    panel().ruleTable()->selectRow(2);
    document.setValue(QStringLiteral("quantization.activation.symmetric"), QStringLiteral("true"), nullptr);
    ASSERT_TRUE(lists(1));
    EXPECT_EQ(page.lab()->badge(), QString());
    document.undoStack()->undo();
    ASSERT_TRUE(lists(3));
    EXPECT_EQ(panel().ruleTable()->currentIndex().row(), 2);
    EXPECT_EQ(panel().placeTable()->model()->rowCount(), 2);
}

TEST_F(PlacementPanelTest, IsCalmWhereThereIsNothing) {
    EXPECT_TRUE(shows(QStringLiteral("No configuration is open.")));
    open(kClean);
    EXPECT_TRUE(shows(QStringLiteral("Nothing here stops a fusion in TensorRT or ONNX Runtime.")));
    EXPECT_EQ(page.lab()->badge(), QString());
}

TEST_F(PlacementPanelTest, AConfigurationWithErrorsIsASentence) {
    open(QString::fromUtf8(test::kEditedConfig));
    ASSERT_TRUE(lists(3));
    document.setText(QStringLiteral("model: [\n"), QStringLiteral("typing"), nullptr);
    EXPECT_TRUE(shows(QStringLiteral("Placement is checked once the configuration has no errors.")));
    EXPECT_EQ(page.lab()->badge(), QString()) << "what was found is not about this text";
    document.undoStack()->undo();
    EXPECT_TRUE(lists(3));
}

TEST_F(PlacementPanelTest, AModelThatCannotBeMadeIsASentence) {
    open(QString::fromUtf8(test::kEditedConfig).replace(QStringLiteral("\"n\""), QStringLiteral("\"x\"")));
    EXPECT_TRUE(shows(QStringLiteral("there is no model of this family")));
}

TEST_F(PlacementPanelTest, ChoosingAPlaceSelectsItsLayer) {
    open(QString::fromUtf8(test::kEditedConfig));
    ASSERT_TRUE(lists(3));
    ASSERT_TRUE(waitFor([&] { return document.described().model() != nullptr; }));
    EXPECT_TRUE(selected().isEmpty()) << "listing chooses nothing";
    panel().placeTable()->selectRow(1);
    EXPECT_EQ(selected(), QStringList{QStringLiteral("model.2.cv1.conv")});
    const auto rows = page.layers()->table()->selectionModel()->selectedRows();
    ASSERT_EQ(rows.size(), 1);
    EXPECT_EQ(rows.first().row(), 2);
}

TEST_F(PlacementPanelTest, EnterOnARuleSelectsAllItsLayers) {
    open(QString::fromUtf8(test::kEditedConfig));
    ASSERT_TRUE(lists(3));
    press(panel().ruleTable(), Qt::Key_Down);
    EXPECT_EQ(panel().ruleTable()->currentIndex().row(), 1);
    EXPECT_TRUE(selected().isEmpty()) << "reading the rules leaves the selection alone";
    press(panel().ruleTable(), Qt::Key_Return);
    EXPECT_EQ(selected(), (QStringList{QStringLiteral("model.0.conv"), QStringLiteral("model.2.cv1.conv")}));
}

TEST_F(PlacementPanelTest, ARefreshDoesNotChangeTheSelection) {
    open(QString::fromUtf8(test::kEditedConfig));
    ASSERT_TRUE(lists(3));
    panel().placeTable()->selectRow(0);
    selection.select({selection.idOf(QStringLiteral("model.7.conv"))}, nullptr);
    document.setValue(QStringLiteral("quantization.weight.bit_width"), QStringLiteral("8"), nullptr);
    ASSERT_TRUE(lists(2));
    EXPECT_EQ(selected(), QStringList{QStringLiteral("model.7.conv")});
    EXPECT_EQ(panel().placeTable()->selectionModel()->selectedRows().size(), 1) << "the chosen place is still there";
}

TEST_F(PlacementPanelTest, TheTabIsKept) {
    page.showPlacement();
    EXPECT_EQ(page.lab()->tab(), QStringLiteral("placement"));
    const LabPanel again(theme, &selection, &document);
    EXPECT_EQ(again.tab(), QStringLiteral("placement"));
    page.lab()->showTab(QStringLiteral("patterns"));
}

}  // namespace
}  // namespace qat::ui
