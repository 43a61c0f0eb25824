// Form, table and text show one document: an edit in one appears in the others, and the models hold together.
#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QKeyEvent>
#include <QLineEdit>
#include <QSpinBox>
#include <QTableView>

#include "configure/configure_page.h"
#include "configure/field_editor.h"
#include "configure/form_panel.h"
#include "configure/layer_panel.h"
#include "configure/layer_rules.h"
#include "configure/plan_model.h"
#include "configure/schema_form.h"
#include "configure/yaml_editor.h"
#include "document/document.h"
#include "shell/presets.h"
#include "style/theme_hub.h"
#include "ui/edited_config.h"
#include "ui/wait.h"
#include "widgets/row_table.h"
#include "widgets/segment_bar.h"

namespace qat::ui {
namespace {

using test::waitFor;

class ConfigureTest : public testing::Test {
protected:
    void SetUp() override {
        document.create(QString::fromUtf8(test::kEditedConfig), QStringLiteral("mixed.yaml"));
        settle();
    }
    void settle() {
        ASSERT_TRUE(waitFor([this] {
            return document.reader().reading()->text == document.text() && !document.described().isRunning() &&
                   (document.described().model() || document.reader().reading()->errors);
        }));
    }
    FieldEditor* field(const char* key) {
        const QString path = QLatin1String(key);
        page.form()->form()->showSection(path.section(QLatin1Char('.'), 0, 0));
        return page.form()->form()->editor(path);
    }
    int weightBits(const char* layer) {
        for (const LayerInfo& info : document.described().model()->layers)
            if (info.name == layer) return info.weightBits;
        return -1;
    }
    void press(Qt::Key key) {
        QKeyEvent event(QEvent::KeyPress, key, Qt::NoModifier);
        QCoreApplication::sendEvent(page.layers()->table(), &event);
    }

    ThemeHub theme{ThemeHub::Mode::Light};
    SelectionHub selection;
    Document document;
    ConfigurePage page{&theme, &selection, &document};
};

TEST_F(ConfigureTest, TabPassesThroughTheTextUntilOneWrites) {
    auto* text = page.findChild<YamlEditor*>();
    ASSERT_TRUE(text);
    const QString before = document.text();
    const auto pressTab = [text] {
        QKeyEvent event(QEvent::KeyPress, Qt::Key_Tab, Qt::NoModifier, QStringLiteral("\t"));
        QCoreApplication::sendEvent(text, &event);
    };
    QFocusEvent byTab(QEvent::FocusIn, Qt::TabFocusReason);
    QCoreApplication::sendEvent(text, &byTab);
    pressTab();
    EXPECT_EQ(document.text(), before);
    QKeyEvent letter(QEvent::KeyPress, Qt::Key_NumberSign, Qt::NoModifier, QStringLiteral("#"));
    QCoreApplication::sendEvent(text, &letter);
    pressTab();
    EXPECT_TRUE(text->toPlainText().startsWith(QStringLiteral("#  "))) << "then it indents";
}

TEST_F(ConfigureTest, AFormEditChangesTextAndTable) {
    FieldEditor* bits = field("quantization.weight.bit_width");
    ASSERT_TRUE(bits);
    bits->enter(QStringLiteral("6"));
    EXPECT_TRUE(document.text().contains(QStringLiteral("bit_width: 6")));
    EXPECT_EQ(page.editor()->toPlainText(), document.text());
    settle();
    EXPECT_EQ(weightBits("model.7.conv"), 6);
    document.undoStack()->undo();
    settle();
    EXPECT_EQ(page.editor()->toPlainText(), QString::fromUtf8(test::kEditedConfig));
    EXPECT_EQ(weightBits("model.7.conv"), 4);
}

TEST_F(ConfigureTest, ATextEditReachesTheForm) {
    FieldEditor* bits = field("quantization.activation.bit_width");
    auto* box = qobject_cast<QSpinBox*>(bits->control());
    ASSERT_TRUE(box);
    ASSERT_EQ(box->value(), 8);
    QString text = document.text();
    text.replace(QStringLiteral("    bit_width: 8\n  fake_quantize"),
                 QStringLiteral("    bit_width: 12\n  fake_quantize"));
    page.editor()->setPlainText(text);
    settle();
    EXPECT_EQ(document.text(), text);
    EXPECT_EQ(box->value(), 12);
}

TEST_F(ConfigureTest, EveryFieldShowsWhatTheTextSays) {
    for (const ConfigField& description : configFields()) {
        FieldEditor* editor = field(description.path.c_str());
        ASSERT_TRUE(editor) << description.path;
        const QString value = document.reader().value(editor->key());
        if (auto* combo = qobject_cast<QComboBox*>(editor->control())) {
            EXPECT_EQ(combo->currentText(), value) << description.path;
        } else if (auto* bar = qobject_cast<SegmentBar*>(editor->control())) {
            EXPECT_EQ(bar->currentKey(), value) << description.path;
        } else if (auto* number = qobject_cast<QSpinBox*>(editor->control())) {
            EXPECT_EQ(QString::number(number->value()), value) << description.path;
        }
        EXPECT_FALSE(editor->control()->accessibleName().isEmpty()) << description.path;
    }
}

TEST_F(ConfigureTest, TheFormKeepsATableOfLayersAndItsScale) {
    QString text = document.text();
    text.replace(QStringLiteral("architecture: \"yolov8\""), QStringLiteral("architecture: \"tables/p2.yaml\""));
    text.replace(QStringLiteral("variant: \"n\""), QStringLiteral("variant: \"wide\""));
    document.setText(text, QStringLiteral("table"), nullptr);
    settle();
    EXPECT_EQ(document.reader().reading()->errors, 0);
    const auto box = [this](const char* key) { return field(key)->findChild<QComboBox*>(); };
    ASSERT_TRUE(box("model.architecture"));
    EXPECT_EQ(box("model.architecture")->currentText(), QStringLiteral("tables/p2.yaml"));
    EXPECT_EQ(box("model.variant")->currentText(), QStringLiteral("wide"));
    field("quantization.weight.bit_width")->enter(QStringLiteral("6"));  // another section, with editors of its own
    QComboBox* again = box("model.architecture");
    QFocusEvent away(QEvent::FocusOut);
    QCoreApplication::sendEvent(again->lineEdit(), &away);
    EXPECT_TRUE(document.text().contains(QStringLiteral("architecture: \"tables/p2.yaml\"")));
    again->setEditText(QStringLiteral("other/small.yaml"));
    Q_EMIT again->lineEdit()->editingFinished();
    EXPECT_TRUE(document.text().contains(QStringLiteral("architecture: \"other/small.yaml\"")));
    settle();
    EXPECT_EQ(document.reader().reading()->errors, 0);
}

TEST_F(ConfigureTest, TextThatIsNotYamlLeavesFormAndTableUsable) {
    page.editor()->setPlainText(QStringLiteral("model: [unclosed\n\t: :"));
    settle();
    EXPECT_GT(document.reader().reading()->errors, 0);
    page.showNextIssue();
    FieldEditor* bits = field("quantization.weight.bit_width");
    bits->enter(QStringLiteral("3"));
    EXPECT_EQ(document.text(), QStringLiteral("model: [unclosed\n\t: :"))
        << "an edit that cannot be made changes nothing";
}

TEST_F(ConfigureTest, KeysSetTheBitsOfTheSelectedLayers) {
    selection.select({selection.idOf(QStringLiteral("model.7.conv")), selection.idOf(QStringLiteral("model.3.conv"))},
                     nullptr);
    ASSERT_EQ(page.layers()->table()->selectionModel()->selectedRows().size(), 2);
    press(Qt::Key_8);
    settle();
    EXPECT_EQ(weightBits("model.7.conv"), 8);
    EXPECT_EQ(weightBits("model.3.conv"), 8);
    EXPECT_EQ(weightBits("model.5.conv"), 4);
    press(Qt::Key_F);
    settle();
    EXPECT_EQ(weightBits("model.7.conv"), 0);
    press(Qt::Key_6);
    settle();
    EXPECT_EQ(weightBits("model.7.conv"), 16) << "a width takes the layer out of float again";
    press(Qt::Key_D);
    settle();
    EXPECT_EQ(weightBits("model.7.conv"), 4);
    for (int i = 0; i < 4; ++i) document.undoStack()->undo();
    EXPECT_EQ(document.text(), QString::fromUtf8(test::kEditedConfig));
}

TEST_F(ConfigureTest, DefaultTakesOutExactlyWhatAKeyWrote) {
    const QString before = document.text();
    LayerInfo layer;
    layer.name = "model.7.conv";
    const std::vector<LayerInfo> layers{layer};
    const QString after = withLayerRule(before, layers, LayerRule::Bits8).text;
    EXPECT_TRUE(after.startsWith(before.left(before.indexOf(QStringLiteral("calibration:")) - 2)));
    EXPECT_EQ(withLayerRule(after, layers, LayerRule::Bits8).text, after) << "the same key twice changes nothing";
    const ConfigReading reading = readConfig(withLayerRule(after, layers, LayerRule::Default).text.toStdString());
    EXPECT_EQ(reading.config.quantization.layerConfigs,
              readConfig(before.toStdString()).config.quantization.layerConfigs);
    EXPECT_TRUE(reading.valid());
}

TEST_F(ConfigureTest, LayerRulesWorkWithoutASectionOfTheirOwn) {
    LayerInfo layer;
    layer.name = "model.0.conv";
    const QString text = withLayerRule(QStringLiteral("model:\n  variant: \"n\"\n"), {layer}, LayerRule::Bits4).text;
    const ConfigReading reading = readConfig(text.toStdString());
    EXPECT_TRUE(reading.valid()) << text.toStdString();
    ASSERT_EQ(reading.config.quantization.layerConfigs.size(), 1u);
    EXPECT_EQ(reading.config.quantization.layerConfigs[0].weight.bitWidth, 4);
}

TEST_F(ConfigureTest, SelectionGoesBothWaysAndDoesNotEcho) {
    int told = 0;
    QObject::connect(&selection, &SelectionHub::changed,
                     [&](SelectionHub::Parts parts) { told += parts.testFlag(SelectionHub::Selected); });
    page.layers()->table()->selectRow(4);
    EXPECT_EQ(selection.selected(), QSet<LayerId>{selection.idOf(QStringLiteral("model.2.m.0.cv2.conv"))});
    EXPECT_EQ(told, 1);
    selection.select({selection.idOf(QStringLiteral("model.0.conv"))}, nullptr);
    EXPECT_EQ(told, 2);
    EXPECT_EQ(page.layers()->table()->selectionModel()->selectedRows().value(0).row(), 0);
}

TEST_F(ConfigureTest, ModelsHoldTogether) {
    PlanModel model(&selection);
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    PlanFilter filter;
    filter.setSourceModel(&model);
    QAbstractItemModelTester filterTester(&filter, QAbstractItemModelTester::FailureReportingMode::Fatal);
    model.setDescription(document.described().model());
    const int all = filter.rowCount();
    ASSERT_GT(all, 10);
    filter.setWords(QStringLiteral("w:8, model.22"));
    EXPECT_EQ(filter.rowCount(), 2);
    filter.setWords(QStringLiteral("no such layer"));
    EXPECT_EQ(filter.rowCount(), 0);
    filter.setWords({});
    filter.sort(PlanModel::kWeights, Qt::DescendingOrder);
    EXPECT_GE(filter.index(0, 0).siblingAtColumn(PlanModel::kWeights).data(SortRole).toLongLong(),
              filter.index(1, 0).siblingAtColumn(PlanModel::kWeights).data(SortRole).toLongLong());
    selection.select({selection.idOf(QStringLiteral("model.2.cv2.conv"))}, nullptr);
    EXPECT_TRUE(model.index(4, 0).data(RelatedRole).toBool()) << "shares a scale group";
    model.setDescription(nullptr);
    EXPECT_EQ(filter.rowCount(), 0);
}

}  // namespace
}  // namespace qat::ui
