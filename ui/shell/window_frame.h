// What the controllers of the window share, and what they ask of its frame.
#pragma once

#include <QString>

class QMainWindow;

namespace qat::ui {

class Document;
class MessageStack;
class RecentFiles;
class ThemeHub;

// The frame shows pages and runs; what is done in them is the controllers'.
class WindowFrame {
public:
    virtual ~WindowFrame() = default;
    // The page with this key; one that is not in the list leaves the window as it is.
    virtual void showPage(const QString& key) = 0;
    virtual const QString& page() const = 0;  // the key of the one in front
    // Lets Run, Analyze, Compare and Export show a run folder, finished or running; "" = none.
    virtual void followRun(const QString& folder) = 0;
    // The same, noted among the recent ones, and with the Run page in front.
    virtual void openRun(const QString& folder) = 0;
};

// All of it is the window's and outlives its controllers.
struct WindowParts {
    QMainWindow* window = nullptr;  // of dialogs
    WindowFrame* frame = nullptr;
    ThemeHub* hub = nullptr;
    MessageStack* messages = nullptr;
    Document* document = nullptr;
    RecentFiles* recent = nullptr;
};

}  // namespace qat::ui
