// The export form: what to export, in which format, where to, and the report of what was written.
#pragma once

#include <QPersistentModelIndex>
#include <QWidget>
#include <string>
#include <vector>

#include "exporting/export_job.h"

class QCheckBox;
class QFileInfo;
class QLineEdit;
class QPushButton;
class QStandardItemModel;
class QVBoxLayout;
class QStackedWidget;

namespace qat::ui {

class MessageStack;
struct RunExport;
class RowTable;
class ThemeHub;
class ThemedLabel;

class ExportPanel : public QWidget {
    Q_OBJECT
public:
    explicit ExportPanel(const ThemeHub& hub, QWidget* parent = nullptr);
    // A run folder or model file; the destination becomes its exports folder. Lists what is there already.
    void setSource(const QString& source);
    QString source() const;
    bool isRunning() const { return m_job.isRunning(); }
    // Starts the export as the button does.
    void start();

Q_SIGNALS:
    void exported(bool ok);
    void sourceChanged();

private:
    QWidget* makeTargets();
    void addFormats(QVBoxLayout* form);
    QWidget* makeReport();
    QWidget* makeFooter();
    std::vector<std::string> chosenFormats() const;
    QString whyNot() const;  // nothing can be exported as things are; "" if it can
    void refresh();
    void followSource();
    void listFiles();
    void show(const std::vector<ExportedFile>& files, const QString& error);
    void addRow(const QFileInfo& info, const RunExport& file);

    const ThemeHub& m_hub;
    ExportJob m_job;
    MessageStack* m_messages;
    QLineEdit* m_source;
    QLineEdit* m_out;
    QString m_proposed;                 // the destination that goes with the source
    std::vector<QCheckBox*> m_formats;  // one for each format that is written, named by its key
    QPushButton* m_start;
    QStandardItemModel* m_files;
    RowTable* m_table;
    QStackedWidget* m_reports;
    ThemedLabel* m_state;
};

}  // namespace qat::ui
