// The window's layout: it comes back as it was left, and at its smallest size nothing lies over anything else.
#include <gtest/gtest.h>

#include <QAction>
#include <QDockWidget>
#include <QFile>
#include <QHeaderView>
#include <QMenuBar>
#include <QSettings>
#include <QToolButton>

#include "configure/configure_page.h"
#include "configure/form_panel.h"
#include "configure/layer_panel.h"
#include "configure/plan_model.h"
#include "shell/file_controller.h"
#include "shell/main_window.h"
#include "shell/presets.h"
#include "shell/top_bar.h"
#include "style/theme_hub.h"
#include "support/assets.h"
#include "support/detection_series.h"
#include "ui/fake_core.h"
#include "ui/plain_pages.h"
#include "ui/wait.h"
#include "widgets/message_bar.h"
#include "widgets/row_table.h"
#include "widgets/segment_bar.h"

namespace qat::ui {
namespace {

using test::waitFor;

void settle(int ms = 900) {
    waitFor([] { return false; }, ms);
}

class LayoutTest : public testing::Test {
protected:
    void SetUp() override {
        QSettings().clear();
        QFile file(config);
        ASSERT_TRUE(file.open(QIODevice::WriteOnly));
        file.write(presetText(kSamplePreset).toUtf8());
    }
    static ConfigurePage& configure(MainWindow& window) { return *window.findChild<ConfigurePage*>(); }
    static QMap<QString, QSize> docks(MainWindow& window) {
        QMap<QString, QSize> sizes;
        for (const QDockWidget* dock : configure(window).findChildren<QDockWidget*>())
            sizes.insert(dock->objectName(), dock->isHidden() ? QSize() : dock->size());
        return sizes;
    }
    static QDockWidget* dock(MainWindow& window, const char* name) {
        return configure(window).findChild<QDockWidget*>(QLatin1String(name));
    }

    test::ScratchFolder folder;
    QString config = QString::fromStdString((folder.path() / "demo.yaml").string());
    ThemeHub theme{ThemeHub::Mode::Light};
};

void expectSame(const QMap<QString, QSize>& a, const QMap<QString, QSize>& b) {
    for (auto at = a.begin(); at != a.end(); ++at) {
        EXPECT_NEAR(at->width(), b.value(at.key()).width(), 1) << at.key().toStdString();
        EXPECT_NEAR(at->height(), b.value(at.key()).height(), 1) << at.key().toStdString();
    }
}

TEST_F(LayoutTest, DocksComeBackAsTheyWereLeft) {
    QMap<QString, QSize> left;
    {
        MainWindow window(&theme, test::plainPages());
        window.resize(1590, 960);
        window.show();
        ASSERT_TRUE(window.files()->openPath(config));
        settle();
        ConfigurePage& page = configure(window);
        const QMap<QString, QSize> start = docks(window);
        page.resizeDocks({dock(window, "configure.text"), dock(window, "configure.form")}, {511, 463}, Qt::Horizontal);
        page.resizeDocks({dock(window, "configure.patterns")}, {187}, Qt::Vertical);
        settle(50);
        left = docks(window);
        ASSERT_EQ(left.value(QStringLiteral("configure.text")).width(), 511);
        ASSERT_NE(left, start);
        window.showPage(pages::kWelcome);  // what is not in front when the window closes counts, too
        ASSERT_TRUE(window.close());
    }
    {
        MainWindow window(&theme, test::plainPages());  // a session that never shows the page leaves it as it was
        window.show();
        settle(50);
        ASSERT_TRUE(window.close());
    }
    MainWindow window(&theme, test::plainPages());
    EXPECT_EQ(window.size(), QSize(1590, 960));
    window.show();
    ASSERT_TRUE(window.files()->openPath(config));
    settle();
    expectSame(left, docks(window));
    for (QAction* menu : window.menuBar()->actions())
        for (QAction* action : menu->menu()->actions())
            if (action->text().contains(QStringLiteral("set layout"))) action->trigger();
    settle(50);
    EXPECT_NE(docks(window).value(QStringLiteral("configure.text")).width(), 511);
}

// Every visible part of a page lies inside it, and no two of them over each other.
void expectApart(QMainWindow& page) {
    QList<std::pair<QString, QRect>> parts{{QStringLiteral("centre"), page.centralWidget()->geometry()}};
    for (const QDockWidget* dock : page.findChildren<QDockWidget*>())
        if (dock->isVisible()) parts.append({dock->objectName(), dock->geometry()});
    for (qsizetype i = 0; i < parts.size(); ++i) {
        EXPECT_TRUE(page.rect().contains(parts[i].second)) << parts[i].first.toStdString();
        for (qsizetype k = 0; k < i; ++k)
            EXPECT_FALSE(parts[i].second.intersects(parts[k].second))
                << parts[i].first.toStdString() << " over " << parts[k].first.toStdString();
    }
}

TEST_F(LayoutTest, NothingOverlapsAtTheSmallestSize) {
    MainWindow window(&theme, test::plainPages());
    window.setMinimumSize(900, 600);
    window.resize(1280, 720);
    window.show();
    ASSERT_TRUE(window.files()->openPath(config));
    settle();
    ConfigurePage& page = configure(window);
    expectApart(page);
    EXPECT_TRUE(page.form()->isFolded());
    RowTable* table = page.layers()->table();
    int longest = 0;
    for (int row = 0; row < table->model()->rowCount(); ++row) {
        const QModelIndex name = table->model()->index(row, PlanModel::kName);
        longest = std::max(longest, table->itemDelegateForIndex(name)->sizeHint({}, name).width());
    }
    EXPECT_GE(table->columnWidth(PlanModel::kName), longest);
    EXPECT_FALSE(table->isColumnHidden(PlanModel::kWeightBits));
    for (const ConfigField& field : configFields()) page.form()->showSection(QString::fromStdString(field.section));
    window.resize(1024, 640);  // a screen may be smaller than what the window asks for
    settle(100);
    for (const ConfigField& field : configFields()) {
        page.form()->showSection(QString::fromStdString(field.section));
        if (field.path.ends_with(".enabled")) settle(20);
        expectApart(page);
    }
    for (const QLatin1String other : {pages::kWelcome, pages::kExport}) {
        window.showPage(other);
        settle(30);
        EXPECT_LE(window.centralWidget()->minimumSizeHint().width(), 1024);
        EXPECT_LE(window.centralWidget()->minimumSizeHint().height(), 620);
    }
    window.resize(1600, 1000);
    window.showPage(pages::kConfigure);
    settle(100);
    EXPECT_FALSE(page.form()->isFolded());
    EXPECT_FALSE(table->isColumnHidden(PlanModel::kWeights)) << "columns come back with the place for them";
    expectApart(page);
}

TEST_F(LayoutTest, TheToolBarGivesWayPieceByPiece) {
    MainWindow window(&theme, test::plainPages());
    window.setMinimumSize(300, 300);
    window.show();
    ASSERT_TRUE(window.files()->openPath(config));
    settle(300);
    TopBar& bar = *window.topBar();
    for (const int width : {1600, 1280, 1000, 860, 700}) {
        window.resize(width, 700);
        settle(30);
        QRect before;
        for (QWidget* part : {static_cast<QWidget*>(bar.perspectives()), static_cast<QWidget*>(bar.model()),
                              static_cast<QWidget*>(bar.config()), static_cast<QWidget*>(bar.data()),
                              static_cast<QWidget*>(bar.search())}) {
            if (!part->isVisible()) continue;
            const QRect place(part->mapTo(&window, QPoint()), part->size());
            EXPECT_GE(place.left(), before.right()) << width;
            EXPECT_GE(part->width(), part->sizeHint().width()) << width << ' ' << part->accessibleName().toStdString();
            before = place;
        }
        EXPECT_LE(before.right(), window.width());
    }
}

TEST_F(LayoutTest, ANewDocumentFromAModelLeavesTheOpenOneAlone) {
    MainWindow window(&theme, test::plainPages());
    ASSERT_TRUE(window.files()->openPath(config));
    QFile model(QString::fromStdString((folder.path() / "mine.pt").string()));
    ASSERT_TRUE(model.open(QIODevice::WriteOnly));
    window.files()->askForModel = [&] { return model.fileName(); };
    window.showPage(pages::kWelcome);
    QAction* fromModel = nullptr;
    for (QAction* action : window.menuBar()->actions().first()->menu()->actions())
        if (action->text().contains(QStringLiteral("model…")) && action->text().contains(QStringLiteral("New")))
            fromModel = action;
    ASSERT_TRUE(fromModel);
    fromModel->trigger();
    EXPECT_EQ(window.document()->path(), QString()) << "a document of its own";
    EXPECT_EQ(window.document()->title(), QStringLiteral("mine_w4a8.yaml"));
    EXPECT_EQ(window.document()->reader().value(QStringLiteral("model.pretrained_path")), model.fileName());
    EXPECT_EQ(window.page(), pages::kConfigure);
    // The checkpoint of the tool bar's menu is that of the open document.
    window.document()->undoStack()->setClean();
    ASSERT_TRUE(window.files()->openPath(config));
    window.topBar()->model()->menu()->actions().first()->trigger();
    EXPECT_EQ(window.document()->path(), config);
    EXPECT_EQ(window.document()->reader().value(QStringLiteral("model.pretrained_path")), model.fileName());
}

TEST_F(LayoutTest, TheSampleComesWithAFinishedRun) {
    MainWindow window(&theme, test::plainPages());
    window.show();
    for (QAction* action : window.menuBar()->actions().first()->menu()->actions().first()->menu()->actions())
        if (action->text() == QStringLiteral("Sample project")) action->trigger();
    EXPECT_EQ(window.page(), pages::kConfigure);
    EXPECT_EQ(window.document()->reader().value(QStringLiteral("model.pretrained_path")),
              QStringLiteral("builtin:shapes"));
    ASSERT_TRUE(waitFor([&] { return window.runStore()->data().status == RunStatus::Completed; }));
    const RunData& run = window.runStore()->data();
    EXPECT_TRUE(run.value(series::map(series::kFinal)));
    EXPECT_GE(run.images.size(), 4u);
    for (const ImageEvent& image : run.images)
        EXPECT_TRUE(QFile::exists(run.folder + QLatin1Char('/') + qtext(image.preview))) << image.preview;
    EXPECT_GT(run.layers.size(), 60u);
    EXPECT_FALSE(run.bitsOf(tables::kSensitivity).empty());
    EXPECT_FALSE(run.bitsOf(tables::kError).empty());
    EXPECT_TRUE(
        std::ranges::any_of(run.layerRows, [](const auto& row) { return row.first.table == tables::kOscillation; }));
    EXPECT_FALSE(QFile::permissions(run.folder + QStringLiteral("/events.jsonl")) & QFile::WriteOwner);
}

}  // namespace
}  // namespace qat::ui
