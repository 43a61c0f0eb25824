// A user who goes through the window without pause: pages, tabs, rows, sorting, filters, themes, typing.
#pragma once

#include <QString>
#include <functional>
#include <utility>
#include <vector>

namespace qat::ui {
class MainWindow;
class ThemeHub;
}  // namespace qat::ui

namespace qat::test {

class User {
public:
    User(ui::MainWindow& window, ui::ThemeHub& theme);
    // Does the next thing and says what it was. After the last one it starts again.
    QString act(const std::function<void(const QString&)>& announce);
    int rounds() const { return m_rounds; }

private:
    using Action = std::pair<QString, std::function<void()>>;
    void addPage(int digit, const QString& key);
    void clickSegments();
    void clickRows();
    void sortTables();
    void useFields();

    ui::MainWindow& m_window;
    ui::ThemeHub& m_theme;
    std::vector<Action> m_actions;
    size_t m_next = 0;
    int m_rounds = 0;
    int m_turn = 0;
};

}  // namespace qat::test
