// The keys of the layer table: whatever stands in the way of a width, it comes to count, or it is said why not.
#include <gtest/gtest.h>

#include <QKeyEvent>

#include "base/error.h"
#include "configure/configure_page.h"
#include "configure/layer_panel.h"
#include "configure/layer_rules.h"
#include "document/document.h"
#include "document/selection_hub.h"
#include "shell/presets.h"
#include "style/theme_hub.h"
#include "ui/edited_config.h"
#include "ui/wait.h"
#include "widgets/message_bar.h"
#include "widgets/row_table.h"

namespace qat::ui {
namespace {

using test::waitFor;

class LayerRulesTest : public testing::Test {
protected:
    void open(const QString& text) {
        document.create(text, QStringLiteral("a.yaml"));
        settle();
    }
    void settle() {
        ASSERT_TRUE(waitFor([this] {
            return document.reader().reading()->text == document.text() && !document.described().isRunning() &&
                   document.described().text() == document.text();
        }));
    }
    const LayerInfo& layer(const char* name) {
        for (const LayerInfo& info : document.described().model()->layers)
            if (info.name == name) return info;
        throw std::runtime_error(name);
    }
    void press(const char* name, Qt::Key key) {
        selection.select({selection.idOf(QLatin1String(name))}, nullptr);
        QKeyEvent event(QEvent::KeyPress, key, Qt::NoModifier);
        QCoreApplication::sendEvent(page.layers()->table(), &event);
        settle();
    }
    // The bar above the table, "" if there is none.
    QString told() const {
        const auto bars = page.findChildren<QWidget*>(QStringLiteral("rule"));
        return bars.isEmpty() ? QString() : bars.last()->accessibleName();
    }

    ThemeHub theme{ThemeHub::Mode::Light};
    SelectionHub selection;
    Document document;
    ConfigurePage page{&theme, &selection, &document};
};

TEST_F(LayerRulesTest, TheFirstPresetsLayersTakeAWidthInOneStepAndItIsSaid) {
    open(presetText(QStringLiteral("w8a8")));
    ASSERT_FALSE(document.reader().reading()->config.config.qat.useMixedPrecision) << "as it is shipped";
    const QString before = document.text();
    press("model.3.conv", Qt::Key_4);
    EXPECT_EQ(layer("model.3.conv").weightBits, 4);
    EXPECT_EQ(layer("model.5.conv").weightBits, 8);
    EXPECT_TRUE(told().contains(QStringLiteral("use_mixed_precision"))) << told().toStdString();
    EXPECT_EQ(document.reader().reading()->warnings, 0);
    document.undoStack()->undo();
    EXPECT_EQ(document.text(), before) << "one step";
    press("model.3.conv", Qt::Key_F);
    EXPECT_EQ(layer("model.3.conv").weightBits, 0);
    EXPECT_EQ(told(), QString()) << "skipping counts without mixed precision, so nothing was switched";
}

TEST_F(LayerRulesTest, EarlierPatternsThatWakeUpAreCounted) {
    open(QStringLiteral(
        "quantization:\n  layer_configs:\n    - pattern: '^model\\.5\\.conv$'\n      config:\n        weight: "
        "{bit_width: 2}\nqat_params:\n  use_mixed_precision: false\n"));
    press("model.3.conv", Qt::Key_4);
    EXPECT_TRUE(told().contains(QStringLiteral("1 earlier pattern"))) << told().toStdString();
    press("model.3.conv", Qt::Key_8);
    EXPECT_EQ(told(), QString()) << "it is on now";
}

TEST_F(LayerRulesTest, ALaterPatternDoesNotBeatAKey) {
    const auto late = QStringLiteral(
        "    - pattern: \"model\\\\.[37]\\\\.conv\"\n      config:\n        weight:\n"
        "          bit_width: 6\n");
    open(QString::fromUtf8(test::kEditedConfig));
    press("model.7.conv", Qt::Key_4);
    EXPECT_EQ(layer("model.7.conv").weightBits, 4);
    // Its own entry is beaten by one that comes later.
    QString beaten = document.text();
    beaten.replace(QStringLiteral("\ncalibration:"), late + QStringLiteral("\ncalibration:"));
    open(beaten);
    ASSERT_EQ(layer("model.7.conv").weightBits, 6) << beaten.toStdString();
    press("model.7.conv", Qt::Key_8);
    EXPECT_EQ(layer("model.7.conv").weightBits, 8);
    EXPECT_EQ(document.text().count(QStringLiteral("7\\\\.conv$")), 1) << "moved, not doubled";
    EXPECT_EQ(told(), QString());
    press("model.7.conv", Qt::Key_D);
    EXPECT_EQ(layer("model.7.conv").weightBits, 6) << "the rest of the configuration decides again";
}

TEST_F(LayerRulesTest, SkippedLayersComeBack) {
    open(QStringLiteral("qat_params:\n  skip_detection_head: true\n"));
    ASSERT_EQ(layer("model.22.cv2.0.0.conv").weightBits, 0);
    press("model.22.cv2.0.0.conv", Qt::Key_4);
    EXPECT_EQ(layer("model.22.cv2.0.0.conv").weightBits, 4);
    EXPECT_EQ(layer("model.22.cv2.0.1.conv").weightBits, 0);
    open(QStringLiteral("quantization:\n  layer_configs:\n    - pattern: 'model\\.model\\.3'\n      skip: true\n"));
    ASSERT_EQ(layer("model.3.conv").weightBits, 0) << "through its alias";
    press("model.3.conv", Qt::Key_4);
    EXPECT_EQ(layer("model.3.conv").weightBits, 4);
}

TEST_F(LayerRulesTest, WhatCannotCountIsNotWritten) {
    for (const char* text :
         {"train_params:\n  quantize: false\n", "quantization:\n  weight:\n    dtype: float16\n    bit_width: 16\n"}) {
        open(QLatin1String(text));
        press("model.3.conv", Qt::Key_4);
        EXPECT_EQ(document.text(), QLatin1String(text));
        EXPECT_FALSE(told().isEmpty()) << text;
    }
}

TEST_F(LayerRulesTest, WhateverElseDecidesIsNamed) {
    LayerInfo kept, met;
    kept.name = "model.3.conv";
    kept.weightBits = 8;
    kept.weightOrigin = "pattern 4, line 40";
    met.name = "model.5.conv";
    met.weightBits = 4;
    const QStringList asked{QStringLiteral("model.3.conv"), QStringLiteral("model.5.conv")};
    const QString sentence = unmetRule({kept, met}, asked, LayerRule::Bits4);
    EXPECT_TRUE(sentence.contains(QStringLiteral("model.3.conv has 8 bit"))) << sentence.toStdString();
    EXPECT_TRUE(sentence.contains(QStringLiteral("pattern 4, line 40")));
    EXPECT_EQ(unmetRule({met}, asked, LayerRule::Bits4), QString());
    EXPECT_EQ(unmetRule({kept, met}, asked, LayerRule::Default), QString());
}

}  // namespace
}  // namespace qat::ui
