// A theme is switched while pages are hidden, as all but one of the window's are: they come up in the new colours.
#include <gtest/gtest.h>

#include <QApplication>
#include <QHeaderView>
#include <QStackedWidget>

#include "analyze/analyze_page.h"
#include "compare/compare_page.h"
#include "progress/run_page.h"
#include "ui_pages/event_loop.h"
#include "ui_pages/scene.h"
#include "widgets/row_table.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

using test::waitUntil;

class ThemeSwitch : public testing::Test {
protected:
    ThemeSwitch() { scene.theme.apply(*qApp); }
    ~ThemeSwitch() override {  // the hub's style must not outlive it
        qApp->setStyleSheet({});
        qApp->setStyle(QStringLiteral("fusion"));
        qApp->setPalette(QPalette());
    }
    static QString inkOf(const QWidget& widget, QPalette::ColorRole role = QPalette::WindowText) {
        return widget.palette().color(role).name();
    }
    QString token(Color color) const { return scene.theme.color(color).name(); }

    Scene scene;
};

TEST_F(ThemeSwitch, LabelsThatWereHiddenTakeTheNewColours) {
    QStackedWidget pages;
    pages.addWidget(new QWidget);
    auto* label = new ThemedLabel(scene.theme, QStringLiteral("text"), TextStyle::Body, Color::Text2);
    pages.addWidget(label);
    pages.show();
    scene.theme.setMode(ThemeHub::Mode::Dark);
    pages.setCurrentIndex(1);
    EXPECT_EQ(inkOf(*label), token(Color::Text2));
    QWidget other;
    label->setParent(&other);
    other.show();
    label->show();
    EXPECT_EQ(inkOf(*label), token(Color::Text2)) << "as a dock that was torn off";
    scene.theme.setMode(ThemeHub::Mode::Light);
    EXPECT_EQ(inkOf(*label), token(Color::Text2));
}

template <class Page>
class HiddenPage : public ThemeSwitch {
protected:
    // Every label's and table head's colour, in the order in which the page made them.
    static QStringList inksOf(Page& page) {
        page.resize(1280, 720);
        page.show();
        waitUntil([] { return false; }, 100);
        QStringList inks;
        for (const ThemedLabel* label : page.template findChildren<ThemedLabel*>()) inks << inkOf(*label);
        for (const RowTable* table : page.template findChildren<RowTable*>())
            inks << inkOf(*table->horizontalHeader(), QPalette::ButtonText);
        return inks;
    }
};
using Pages = testing::Types<RunPage, AnalyzePage, ComparePage>;
TYPED_TEST_SUITE(HiddenPage, Pages);

TYPED_TEST(HiddenPage, LooksAsOneMadeInTheNewTheme) {
    Scene& scene = this->scene;
    scene.load({.images = 4});
    TypeParam before(&scene.theme, &scene.selection, &scene.store);
    scene.theme.setMode(ThemeHub::Mode::Dark);
    TypeParam after(&scene.theme, &scene.selection, &scene.store);
    const QStringList made = this->inksOf(after), switched = this->inksOf(before);
    EXPECT_GT(made.size(), 3);
    EXPECT_EQ(switched.join(' ').toStdString(), made.join(' ').toStdString());
}

}  // namespace
}  // namespace qat::ui
