// What a page needs to be shown over a made-up run.
#pragma once

#include <QAbstractItemModelTester>
#include <QPushButton>

#include "document/selection_hub.h"
#include "feed/event_tail.h"
#include "feed/run_folder.h"
#include "feed/run_store.h"
#include "style/theme_hub.h"
#include "support/assets.h"
#include "ui_pages/fake_run.h"

namespace qat::ui {

using Tester = QAbstractItemModelTester;
inline constexpr auto kFatal = Tester::FailureReportingMode::Fatal;

struct Scene {
    test::ScratchFolder scratch;
    ThemeHub theme{ThemeHub::Mode::Light};
    SelectionHub selection;
    RunStore store;

    void load(const test::FakeRunOptions& options = {}) {
        test::writeFakeRun(scratch.path(), options);
        read();
    }
    void read() {
        EventTail tail;
        store.replace(readRunFolder(QString::fromStdString(scratch.path().string()), tail));
    }
};

// The first whose text contains this; nullptr without one.
inline QPushButton* buttonOf(QWidget& widget, const QString& text) {
    for (QPushButton* button : widget.findChildren<QPushButton*>())
        if (button->text().contains(text)) return button;
    return nullptr;
}

}  // namespace qat::ui
