// The actions of a menu bar by name, for the palette and the keyboard map.
#pragma once

#include <QList>
#include <QString>
#include <utility>

class QAction;
class QMenuBar;

namespace qat::ui {

// Every enabled action with its menus' names in front: "File › Save".
QList<std::pair<QString, QAction*>> menuActions(const QMenuBar& bar);

}  // namespace qat::ui
