// A one-sentence message inside the panel it concerns, with at most two actions.
#pragma once

#include <QWidget>
#include <functional>
#include <vector>

class QVBoxLayout;

namespace qat::ui {

class ThemeHub;

enum class MessageKind { Info, Success, Warning, Error };

// A column of bars, newest first. Errors and warnings stay until closed or withdrawn; the others go after 8 s.
class MessageStack : public QWidget {
    Q_OBJECT
public:
    struct Action {
        QString text;
        std::function<void()> run;
    };

    explicit MessageStack(const ThemeHub& hub, QWidget* parent = nullptr);
    // A message with the same key is replaced. Running an action closes the bar.
    void post(const QString& key, MessageKind kind, const QString& text, std::vector<Action> actions = {});
    void withdraw(const QString& key);
    int count() const;

private:
    const ThemeHub& m_hub;
    QVBoxLayout* m_layout;
};

}  // namespace qat::ui
