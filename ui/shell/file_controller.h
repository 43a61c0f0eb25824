// Opening and saving: configurations, runs, models, data sets.
#pragma once

#include <QObject>
#include <functional>

#include "document/document.h"
#include "shell/window_frame.h"

namespace qat::ui {

class FileController : public QObject {
    Q_OBJECT
public:
    explicit FileController(const WindowParts& parts);

    // A configuration, a run folder (or a file in it), or a model: whatever it is. Failures become a message bar.
    bool openPath(const QString& path);
    void newFromPreset(const QString& key);
    void chooseConfig();
    void chooseRun();
    // New from model makes a document; the checkpoint is that of the open one.
    void chooseModel();
    void chooseCheckpoint();
    void chooseTable();  // of layers, of the open document
    void chooseData();
    // Writes a value of the open document; a message says why it cannot.
    void setValue(const QString& key, const QString& value);
    // The open document is another one: its page comes to the front.
    void showNewDocument();

    // True if the open document is saved or the user does without its changes.
    bool mayDiscard();
    // A file that changed is not written: changedOnDisk() asks what is to become of it.
    bool save();
    bool saveAs();

    // Asks for a model file; "" = none. Replaced by tests.
    std::function<QString()> askForModel;

Q_SIGNALS:
    // A document took the place of the one before it.
    void documentOpened();
    // Saving was refused, because another program changed the file.
    void changedOnDisk();
    // The sample project was opened, which has a finished run.
    void sampleOpened();

protected:
    // What is dropped on the window is opened.
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    bool openConfig(const QString& path);
    void newFromModel(const QString& model);
    bool saveTo(const QString& path, Document::Overwrite overwrite);
    bool refuse(const QString& sentence);

    WindowParts m_parts;
};

}  // namespace qat::ui
