// The first page: start a configuration, go on with a recent one, try the sample.
#pragma once

#include <QDateTime>
#include <QTimer>
#include <QWidget>
#include <map>

#include "feed/run_data.h"

class QModelIndex;
class QStandardItemModel;

namespace qat::ui {

class RecentFiles;
class RowTable;
class ThemeHub;

class WelcomePage : public QWidget {
    Q_OBJECT
public:
    WelcomePage(const ThemeHub& hub, RecentFiles* recent, QWidget* parent = nullptr);
    void refresh();
    // The run could not be asked to stop: its button can be pressed again.
    void stopRefused(const QString& run);

Q_SIGNALS:
    void stopRequested(const QString& run);
    void openRequested(const QString& path);
    void presetRequested(const QString& key);
    void openConfigRequested();
    void openRunRequested();
    void modelRequested();
    void manualRequested();
    void guideRequested();
    void keysRequested();
    void diagnosticsRequested();

protected:
    void paintEvent(QPaintEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

private:
    QWidget* makeStart();
    QWidget* makeSample();
    QWidget* makeMachine();
    QWidget* makeTables();
    void refreshStates();
    const RunData& look(const QString& folder);
    void stopAt(const QModelIndex& index);

    const ThemeHub& m_hub;
    RecentFiles* m_recent;
    QStandardItemModel* m_items;
    RowTable* m_table;
    QWidget* m_noRecent;
    QTimer m_states;  // runs go on while one looks
    struct Looked {
        QDateTime summaryWritten;
        RunData data;  // summary, holder and status
    };
    std::map<QString, Looked> m_looked;  // by folder
};

}  // namespace qat::ui
