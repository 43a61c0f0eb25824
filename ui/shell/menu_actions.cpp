// Walks menus down to their actions.
#include "shell/menu_actions.h"

#include <QMenu>
#include <QMenuBar>

namespace qat::ui {
namespace {

QString withoutMnemonic(QString text) {
    return text.remove(QLatin1Char('&'));
}

void collect(const QMenu* menu, const QString& prefix, QList<std::pair<QString, QAction*>>& found) {
    for (QAction* action : menu->actions()) {
        const QString name = prefix + QStringLiteral(" › ") + withoutMnemonic(action->text());
        if (action->menu())
            collect(action->menu(), name, found);
        else if (!action->isSeparator() && action->isEnabled())
            found.append({name, action});
    }
}

}  // namespace

QList<std::pair<QString, QAction*>> menuActions(const QMenuBar& bar) {
    QList<std::pair<QString, QAction*>> found;
    for (QAction* top : bar.actions())
        if (top->menu()) collect(top->menu(), withoutMnemonic(top->text()), found);
    return found;
}

}  // namespace qat::ui
