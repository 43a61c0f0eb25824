// The open configuration: reading, editing, undo, saving, recovery.
#include "document/document.h"

#include <gtest/gtest.h>

#include <QFile>

#include "config/yaml_tree.h"
#include "document/recent_files.h"
#include "document/recovery.h"
#include "document/selection_hub.h"
#include "shell/presets.h"
#include "support/assets.h"
#include "ui/wait.h"

namespace qat::ui {
namespace {

using test::waitFor;

const QString kText =
    QStringLiteral("# kept\nmodel:\n  variant: \"n\"\nquantization:\n  weight:\n    bit_width: 8   # eight\n");

class DocumentTest : public testing::Test {
protected:
    void settle() {
        ASSERT_TRUE(waitFor([this] {
            return document.reader().reading()->text == document.text() && !document.described().isRunning();
        }));
    }
    QString path(const char* name) const { return QString::fromStdString((folder.path() / name).string()); }

    test::ScratchFolder folder;
    Document document;
};

TEST_F(DocumentTest, EveryPresetIsValidAndDescribesLayers) {
    QStringList keys{QStringLiteral("demo")};
    for (const Preset& preset : presets()) keys.append(preset.key);
    for (const QString& key : keys) {
        document.create(presetText(key), key);
        settle();
        for (const ConfigIssue& issue : document.reader().reading()->config.issues)
            EXPECT_EQ(issue.severity, Severity::Warning)
                << key.toStdString() << " line " << issue.line << ": " << issue.message;
        ASSERT_TRUE(document.described().model()) << document.described().trouble().toStdString();
        EXPECT_GT(document.described().model()->layers.size(), 10u);
    }
}

// The form shows a hundred values after each edit, and a run is started from the newest text: all from one tree.
TEST_F(DocumentTest, EveryEditIsParsedOnce) {
    document.create(kText, QStringLiteral("a.yaml"));
    settle();
    size_t before = parsedYamlTexts();
    EXPECT_EQ(document.setValue(QStringLiteral("quantization.weight.bit_width"), QStringLiteral("4"), nullptr),
              QString());
    EXPECT_EQ(document.reader().value(QStringLiteral("quantization.weight.bit_width")), QStringLiteral("4"));
    settle();
    EXPECT_EQ(document.reader().reading()->values.value(QStringLiteral("quantization.weight.bit_width")).value, "4");
    EXPECT_EQ(document.reader().now()->config.config.quantization.weight.bitWidth, 4);
    EXPECT_EQ(parsedYamlTexts() - before, 1u) << "a field of the form";
    before = parsedYamlTexts();
    document.setText(QString(kText).replace(QStringLiteral("bit_width: 8"), QStringLiteral("bit_width: 5")), {}, this);
    EXPECT_EQ(document.reader().now()->config.config.quantization.weight.bitWidth, 5) << "before the pause is over";
    EXPECT_EQ(document.reader().value(QStringLiteral("quantization.weight.bit_width")), QStringLiteral("5"));
    settle();
    EXPECT_EQ(parsedYamlTexts() - before, 1u) << "typed text";
}

TEST_F(DocumentTest, AFormEditKeepsCommentsAndIsOneUndoStep) {
    document.create(kText, QStringLiteral("a.yaml"));
    EXPECT_EQ(document.setValue(QStringLiteral("quantization.weight.bit_width"), QStringLiteral("4"), nullptr),
              QString());
    QString expected = kText;
    EXPECT_EQ(document.text(), expected.replace(QStringLiteral("bit_width: 8"), QStringLiteral("bit_width: 4")));
    EXPECT_TRUE(document.isModified());
    document.undoStack()->undo();
    EXPECT_EQ(document.text(), kText);
    EXPECT_FALSE(document.isModified());
    document.undoStack()->redo();
    EXPECT_EQ(document.text(), expected);
}

TEST_F(DocumentTest, TypingMergesIntoOneStep) {
    document.create(QStringLiteral("a"), QStringLiteral("a.yaml"));
    for (const char* text : {"ab", "abc", "abcd"})
        document.setText(QLatin1String(text), QStringLiteral("typing"), this);
    EXPECT_EQ(document.undoStack()->count(), 1);
    document.undoStack()->undo();
    EXPECT_EQ(document.text(), QStringLiteral("a"));
}

TEST_F(DocumentTest, IssuesCarryTheirLine) {
    document.create(QStringLiteral("quantization:\n  weight:\n    bit_width: 99\n"), QStringLiteral("a.yaml"));
    settle();
    ASSERT_EQ(document.reader().reading()->errors, 1);
    EXPECT_EQ(document.reader().reading()->config.issues[0].line, 3);
    EXPECT_EQ(document.reader().reading()->issuesIn(QStringLiteral("quantization")), 1);
    EXPECT_EQ(document.reader().reading()->issuesIn(QStringLiteral("model")), 0);
    EXPECT_EQ(document.reader().reading()->keyAt(3), QStringLiteral("quantization.weight.bit_width"));
}

TEST_F(DocumentTest, SavesWholeAndReadsBack) {
    document.create(kText, QStringLiteral("a.yaml"));
    document.setValue(QStringLiteral("model.variant"), QStringLiteral("s"), nullptr);
    ASSERT_EQ(document.save(path("a.yaml")), QString());
    EXPECT_FALSE(document.isModified());
    Document other;
    ASSERT_EQ(other.open(path("a.yaml")), QString());
    EXPECT_EQ(other.text(), document.text());
}

TEST_F(DocumentTest, AFailedSaveKeepsTheDocumentModified) {
    document.create(kText, QStringLiteral("a.yaml"));
    document.setText(kText + QStringLiteral("\n"), QStringLiteral("typing"), nullptr);
    EXPECT_FALSE(document.save(path("no/such/folder/a.yaml")).isEmpty());
    EXPECT_TRUE(document.isModified());
}

TEST_F(DocumentTest, RefusesWhatIsNoConfiguration) {
    QFile binary(path("b.yaml"));
    ASSERT_TRUE(binary.open(QIODevice::WriteOnly));
    binary.write(QByteArray(100, '\0'));
    binary.close();
    EXPECT_FALSE(document.open(path("b.yaml")).isEmpty());
    EXPECT_FALSE(document.open(path("missing.yaml")).isEmpty());
    EXPECT_FALSE(document.isOpen());
}

TEST_F(DocumentTest, AMissingCheckpointIsASentenceNotACrash) {
    document.create(QStringLiteral("model:\n  pretrained_path: \"nowhere.pt\"\n"), QStringLiteral("a.yaml"));
    settle();
    ASSERT_TRUE(waitFor([this] { return !document.described().trouble().isEmpty(); }));
    EXPECT_FALSE(document.described().model());
}

TEST_F(DocumentTest, RecoveryFindsWhatADeadProgramLeft) {
    const QString store = path("recovery");
    Recovery recovery(&document, store);
    document.create(kText, QStringLiteral("a.yaml"));
    document.setText(kText + QStringLiteral("# more\n"), QStringLiteral("typing"), nullptr);
    recovery.writeNow();
    EXPECT_TRUE(recovery.leftBehind().isEmpty()) << "our own sidecar is not left behind";
    const QString own = QStringLiteral("%1/%2.json").arg(store).arg(QCoreApplication::applicationPid());
    ASSERT_TRUE(QFile::copy(own, store + QStringLiteral("/999999999.json")));
    ASSERT_EQ(recovery.leftBehind().size(), 1);
    EXPECT_EQ(recovery.leftBehind()[0].text, document.text());
    Recovery::discard(recovery.leftBehind()[0]);
    EXPECT_TRUE(recovery.leftBehind().isEmpty());
    document.undoStack()->undo();
    EXPECT_FALSE(QFile::exists(own)) << "no edits, no sidecar";
}

TEST_F(DocumentTest, RecentFilesAreNewestFirstAndDropWhatIsGone) {
    RecentFiles recent;
    recent.clear();
    for (const char* name : {"1.yaml", "2.yaml"}) {
        QFile file(path(name));
        ASSERT_TRUE(file.open(QIODevice::WriteOnly));
        recent.add(path(name), false);
    }
    recent.add(path("gone.yaml"), false);
    ASSERT_EQ(recent.items().size(), 2);
    EXPECT_EQ(recent.items()[0].path, path("2.yaml"));
}

TEST(SelectionHub, TellsOnlyDifferencesAndWhoMadeThem) {
    SelectionHub hub;
    std::vector<const void*> origins;
    QObject::connect(&hub, &SelectionHub::changed,
                     [&](SelectionHub::Parts, const void* origin) { origins.push_back(origin); });
    const LayerId first = hub.idOf(QStringLiteral("model.0.conv")), second = hub.idOf(QStringLiteral("model.1.conv"));
    EXPECT_EQ(hub.idOf(QStringLiteral("model.0.conv")), first);
    hub.select({first, second}, &hub, second);
    hub.select({second, first}, &origins, second);
    ASSERT_EQ(origins.size(), 1u);
    EXPECT_EQ(origins[0], &hub);
    EXPECT_EQ(hub.current(), second);
    hub.toggle(second, nullptr);
    EXPECT_EQ(hub.current(), first);
    EXPECT_EQ(hub.namesOf(hub.selected()), QStringList{QStringLiteral("model.0.conv")});
    hub.clear(nullptr);
    EXPECT_EQ(hub.current(), kNoLayer);
}

}  // namespace
}  // namespace qat::ui
