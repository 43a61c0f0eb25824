// Ctrl+K: find an action, a layer or a setting by a few letters.
#pragma once

#include <QDialog>
#include <QIcon>
#include <functional>
#include <vector>

class QLineEdit;
class QListWidget;

namespace qat::ui {

class ThemeHub;

struct PaletteEntry {
    QString text;
    QString detail;  // shortcut or kind
    std::function<void()> run;
};

// How well the letters of `needle` appear in order in `text`: higher is better, below 0 = not at all. Word starts and
// runs of letters count more; case does not matter.
int fuzzyScore(const QString& needle, const QString& text);

class CommandPalette : public QDialog {
    Q_OBJECT
public:
    CommandPalette(const ThemeHub& hub, std::vector<PaletteEntry> entries, QWidget* parent = nullptr);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void filter(const QString& needle);
    void runCurrent();

    std::vector<PaletteEntry> m_entries;
    QLineEdit* m_field;
    QListWidget* m_list;
};

}  // namespace qat::ui
