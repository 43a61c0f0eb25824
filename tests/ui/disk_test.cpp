// What another program does to the open file: nothing of it is overwritten without asking, and nothing waits for a
// pipe.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <QFile>
#include <QPushButton>
#include <QSignalSpy>
#include <filesystem>
#include <fstream>

#include "document/document.h"
#include "document/recovery.h"
#include "feed/pool_task.h"
#include "shell/file_controller.h"
#include "shell/job_controller.h"
#include "shell/main_window.h"
#include "shell/presets.h"
#include "shell/text_difference.h"
#include "style/theme_hub.h"
#include "support/assets.h"
#include "ui/fake_core.h"
#include "ui/plain_pages.h"
#include "ui/wait.h"
#include "widgets/message_bar.h"

namespace qat::ui {
namespace {

namespace fs = std::filesystem;
using test::waitFor;

const std::string kFirst = "model:\n  variant: \"n\"\ntrain_params:\n  epochs: 2\n";
const std::string kForeign = "model:\n  variant: \"n\"\ntrain_params:\n  epochs: 0\n";

std::string contentOf(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class DiskTest : public testing::Test {
protected:
    void SetUp() override { write(kFirst); }
    void write(const std::string& text) const { std::ofstream(file, std::ios::binary | std::ios::trunc) << text; }
    // As editors do: a new file takes the name.
    void replace(const std::string& text) const {
        std::ofstream(folder.path() / "new", std::ios::binary) << text;
        fs::rename(folder.path() / "new", file);
    }
    QString path() const { return QString::fromStdString(file.string()); }
    void edit(Document& document) { document.setValue(QStringLiteral("model.variant"), QStringLiteral("s"), nullptr); }
    QPushButton* button(MainWindow& window, const QString& text) {
        auto* bar = window.messages()->findChild<QWidget*>(QStringLiteral("disk"));
        if (!bar) return nullptr;
        for (QPushButton* found : bar->findChildren<QPushButton*>())
            if (found->text() == text) return found;
        return nullptr;
    }

    test::ScratchFolder folder;
    fs::path file = folder.path() / "run.yaml";
    ThemeHub theme{ThemeHub::Mode::Light};
};

TEST_F(DiskTest, AForeignChangeIsNeverOverwrittenUnasked) {
    Document document;
    ASSERT_EQ(document.open(path()), QString());
    edit(document);
    write(kForeign);
    EXPECT_TRUE(document.save(path()).contains(QStringLiteral("changed by another program")));
    EXPECT_EQ(contentOf(file), kForeign);
    EXPECT_EQ(document.disk().state(), DiskState::Changed);
    EXPECT_TRUE(document.isModified());
    document.keepMine();
    EXPECT_EQ(document.disk().state(), DiskState::Same);
    EXPECT_TRUE(document.isModified()) << "the file does not hold it yet";
    write(kForeign + "# once more\n");
    EXPECT_FALSE(document.save(path()).isEmpty()) << "what was accepted is not what is there now";
    document.keepMine();
    EXPECT_EQ(document.save(path()), QString());
    EXPECT_EQ(contentOf(file), document.text().toStdString());
}

TEST_F(DiskTest, ReloadingIsOneStepThatCanBeUndone) {
    Document document;
    ASSERT_EQ(document.open(path()), QString());
    edit(document);
    const QString mine = document.text();
    replace(kForeign);
    EXPECT_EQ(document.disk().check(), DiskState::Changed);
    ASSERT_EQ(document.reload(), QString());
    EXPECT_EQ(document.text().toStdString(), kForeign);
    EXPECT_FALSE(document.isModified());
    EXPECT_EQ(document.disk().state(), DiskState::Same);
    document.undoStack()->undo();
    EXPECT_EQ(document.text(), mine);
    EXPECT_TRUE(document.isModified());
}

TEST_F(DiskTest, ChangesAreNoticedWithoutBeingAskedFor) {
    Document document;
    ASSERT_EQ(document.open(path()), QString());
    QSignalSpy told(&document.disk(), &DiskFile::changed);
    const auto becomes = [&](DiskState state) { return waitFor([&] { return document.disk().state() == state; }); };
    replace(kForeign);
    EXPECT_TRUE(becomes(DiskState::Changed));
    replace(kFirst);
    EXPECT_TRUE(becomes(DiskState::Same)) << "what is back is no change";
    write(kForeign);
    EXPECT_TRUE(becomes(DiskState::Changed)) << "watched after it was replaced, too";
    write(kFirst);
    EXPECT_TRUE(becomes(DiskState::Same));
    fs::remove(file);
    EXPECT_TRUE(becomes(DiskState::Gone));
    EXPECT_EQ(document.save(path()), QString()) << "nothing to overwrite";
    EXPECT_EQ(document.disk().state(), DiskState::Same);
    const auto count = told.count();
    fs::last_write_time(file, fs::last_write_time(file) + std::chrono::hours(1));
    EXPECT_EQ(document.disk().check(true), DiskState::Same) << "another time is no other content";
    EXPECT_EQ(told.count(), count);
}

TEST_F(DiskTest, FoldersPipesAndProtectedFilesAreRefused) {
    Document document;
    ASSERT_EQ(document.open(path()), QString());
    edit(document);
    ASSERT_EQ(chmod(file.c_str(), 0444), 0);
    EXPECT_TRUE(document.save(path()).contains(QStringLiteral("read-only")));
    EXPECT_EQ(contentOf(file), kFirst);
    fs::remove(file);
    ASSERT_EQ(mkfifo(file.c_str(), 0644), 0);
    EXPECT_EQ(document.disk().check(), DiskState::NoFile);
    EXPECT_FALSE(document.save(path()).isEmpty());
    EXPECT_TRUE(fs::is_fifo(file));
    EXPECT_FALSE(document.reload().isEmpty());
    Document other;
    EXPECT_TRUE(other.open(path()).contains(QStringLiteral("regular file"))) << "and does not wait for a writer";
    fs::remove(file);
    fs::create_directory(file);
    EXPECT_EQ(document.disk().check(), DiskState::NoFile);
    EXPECT_FALSE(document.save(path()).isEmpty());
    EXPECT_TRUE(other.open(path()).contains(QStringLiteral("folder")));
}

TEST_F(DiskTest, LineEndsAndByteOrderMarkStayAsTheyWere) {
    write("\xEF\xBB\xBFmodel:\r\n  variant: \"n\"\r\n");
    Document document;
    ASSERT_EQ(document.open(path()), QString());
    EXPECT_EQ(document.text(), QStringLiteral("model:\n  variant: \"n\"\n"));
    edit(document);
    ASSERT_EQ(document.save(path()), QString());
    EXPECT_EQ(contentOf(file), "\xEF\xBB\xBFmodel:\r\n  variant: \"s\"\r\n");
    write("model: # caf\xE9\n");
    EXPECT_FALSE(document.open(path()).isEmpty()) << "Latin-1 would come back as something else";
}

TEST_F(DiskTest, EditsRecoveredOntoAChangedFileAsk) {
    const QString store = QString::fromStdString((folder.path() / "recovery").string());
    {
        Document document;
        Recovery recovery(&document, store);
        ASSERT_EQ(document.open(path()), QString());
        edit(document);
        recovery.writeNow();
        const QString own = QStringLiteral("%1/%2.json").arg(store).arg(QCoreApplication::applicationPid());
        ASSERT_TRUE(QFile::copy(own, store + QStringLiteral("/999999999.json")));
    }
    write(kForeign);
    Document document;
    Recovery recovery(&document, store);
    ASSERT_EQ(recovery.leftBehind().size(), 1);
    const RecoveredEdit edit = recovery.leftBehind().first();
    ASSERT_EQ(document.open(edit.path), QString());
    document.setText(edit.text, QStringLiteral("recovered edits"), nullptr);
    document.disk().expect(edit.fileHash);
    EXPECT_EQ(document.disk().state(), DiskState::Changed);
    EXPECT_FALSE(document.save(path()).isEmpty());
    EXPECT_EQ(contentOf(file), kForeign);
}

TEST_F(DiskTest, TheWindowOffersReloadOrKeepingMine) {
    MainWindow window(&theme, test::plainPages());
    window.show();
    ASSERT_TRUE(window.files()->openPath(path()));
    edit(*window.document());
    replace(kForeign);
    ASSERT_TRUE(waitFor([&] { return button(window, QStringLiteral("Reload")); }));
    EXPECT_FALSE(window.jobs()->start()) << "a run must not write it either";
    EXPECT_FALSE(window.jobs()->launcher()->isRunning());
    EXPECT_EQ(contentOf(file), kForeign);
    button(window, QStringLiteral("Keep mine"))->click();
    EXPECT_TRUE(waitFor([&] { return !button(window, QStringLiteral("Reload")); }));
    test::fakeScript().epochs = 1;
    test::fakeScript().stepMs = 1;
    EXPECT_TRUE(window.jobs()->start());
    EXPECT_EQ(contentOf(file), window.document()->text().toStdString());
    EXPECT_TRUE(waitFor([&] { return !window.jobs()->launcher()->isRunning(); }));
    replace(kForeign);
    ASSERT_TRUE(waitFor([&] { return button(window, QStringLiteral("Reload")); }));
    button(window, QStringLiteral("Reload"))->click();
    EXPECT_EQ(window.document()->text().toStdString(), kForeign);
    fs::remove(file);
    ASSERT_TRUE(waitFor([&] { return button(window, QStringLiteral("Write it again")); }));
    EXPECT_TRUE(window.jobs()->start()) << "what is gone is written again";
    EXPECT_EQ(contentOf(file), kForeign);
    EXPECT_TRUE(waitFor([&] { return !window.jobs()->launcher()->isRunning(); }));
    EXPECT_FALSE(button(window, QStringLiteral("Write it again")));
}

TEST(TextDifference, IsTheShortestWay) {
    using Kind = DifferenceLine::Kind;
    const auto lines = lineDifference(QStringLiteral("a\nb\nc\nd"), QStringLiteral("a\nc\nx\nd"));
    const std::vector<DifferenceLine> expected{{Kind::Same, QStringLiteral("a")},
                                               {Kind::Removed, QStringLiteral("b")},
                                               {Kind::Same, QStringLiteral("c")},
                                               {Kind::Added, QStringLiteral("x")},
                                               {Kind::Same, QStringLiteral("d")}};
    EXPECT_EQ(lines, expected);
    EXPECT_TRUE(std::ranges::all_of(lineDifference(QStringLiteral("a\nb"), QStringLiteral("a\nb")),
                                    [](const DifferenceLine& l) { return l.kind == Kind::Same; }));
    QString many;
    for (int i = 0; i < 6000; ++i) many += QString::number(i) + QLatin1Char('\n');
    EXPECT_EQ(lineDifference(QStringLiteral("x\n") + many, many + QStringLiteral("y\n")).size(), 12003u)
        << "too many to compare line by line: one replaced by the other";
}

// What no handler was made for ends in a sentence, not in the program's end.
TEST(Pools, WhateverIsThrownBecomesASentence) {
    QThreadPool pool;
    QObject context;
    QStringList told;
    const auto run = [&](const std::function<int()>& work) {
        runInPool(
            &pool, &context, work, [&](int& value) { told << QString::number(value); },
            [&](const QString& trouble) { told << trouble; });
        return waitFor([&, before = told.size()] { return told.size() > before; });
    };
    ASSERT_TRUE(run([] { return 7; }));
    ASSERT_TRUE(run([]() -> int { throw std::bad_alloc(); }));
    ASSERT_TRUE(run([]() -> int { throw 42; }));
    EXPECT_EQ(told[0], QStringLiteral("7"));
    EXPECT_TRUE(told[1].contains(QStringLiteral("memory")));
    EXPECT_TRUE(told[2].contains(QStringLiteral("unknown")));
    test::fakeScript().throwsOddly = true;
    Document document;
    document.create(presetText(kSamplePreset), QStringLiteral("a.yaml"));
    EXPECT_TRUE(waitFor([&] { return !document.described().trouble().isEmpty(); }));
    test::fakeScript().throwsOddly = false;
}

}  // namespace
}  // namespace qat::ui
