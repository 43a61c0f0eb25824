// Dialogs of the Help menu.
#include "shell/help_windows.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QDialog>
#include <QMainWindow>
#include <QMenuBar>
#include <QMessageBox>
#include <QPushButton>
#include <QTextBrowser>
#include <QVBoxLayout>

#include "config/config_io.h"
#include "shell/diagnostics.h"
#include "shell/manual_window.h"
#include "shell/menu_actions.h"
#include "style/theme_hub.h"
#include "style/theme_icon.h"
#include "widgets/message_bar.h"

namespace qat::ui {

void HelpWindows::showManual() {
    auto* window = m_parts.window->findChild<ManualWindow*>();
    if (!window) window = new ManualWindow(*m_parts.hub, m_parts.window);
    window->show();
    window->raise();
    window->activateWindow();
}

void HelpWindows::showGuide() {
    QString html;
    std::string section;
    for (const ConfigField& field : configFields()) {
        if (field.section != section)
            html += QStringLiteral("<h3>%1</h3>").arg(QString::fromStdString(section = field.section).toHtmlEscaped());
        QStringList choices;
        for (const std::string& choice : field.choices) choices.append(QString::fromStdString(choice));
        if (!field.pattern.empty()) choices.append(QString::fromStdString(field.patternName));
        html +=
            QStringLiteral("<p><b>%1</b> <code>%2</code><br>%3 %4%5</p>")
                .arg(QString::fromStdString(field.label).toHtmlEscaped(),
                     QString::fromStdString(field.path).toHtmlEscaped(),
                     QString::fromStdString(field.help).toHtmlEscaped(),
                     choices.isEmpty() ? QString()
                                       : tr("One of %1.").arg(choices.join(QStringLiteral(", "))) + QLatin1Char(' '),
                     field.defaultValue.empty()
                         ? QString()
                         : tr("Default: %1.").arg(QString::fromStdString(field.defaultValue).toHtmlEscaped()));
    }
    auto* dialog = new QDialog(m_parts.window);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("Config guide"));
    dialog->resize(m_parts.hub->px(640), m_parts.hub->px(680));
    auto* column = new QVBoxLayout(dialog);
    auto* text = new QTextBrowser(dialog);
    text->setHtml(html);
    column->addWidget(text);
    dialog->show();
}

void HelpWindows::showKeys() {
    QString rows;
    for (const auto& [name, action] : menuActions(*m_parts.window->menuBar()))
        if (!action->shortcut().isEmpty())
            rows +=
                QStringLiteral("<tr><td>%1&nbsp;&nbsp;&nbsp;</td><td>%2</td></tr>")
                    .arg(action->shortcut().toString(QKeySequence::NativeText).toHtmlEscaped(), name.toHtmlEscaped());
    rows += QStringLiteral("<tr><td>4 8 6 F D&nbsp;</td><td>%1</td></tr>")
                .arg(tr("Layer table: selected layers to 4, 8, 16 bit, float, default"));
    QDialog dialog(m_parts.window);
    dialog.setWindowTitle(tr("Keyboard map"));
    dialog.resize(m_parts.hub->px(560), m_parts.hub->px(520));
    auto* column = new QVBoxLayout(&dialog);
    auto* text = new QTextBrowser(&dialog);
    text->setHtml(QStringLiteral("<table cellpadding=3>%1</table>").arg(rows));
    column->addWidget(text);
    dialog.exec();
}

void HelpWindows::showAbout() {
    QMessageBox box(m_parts.window);
    box.setWindowTitle(tr("About Qatelier"));
    box.setIconPixmap(programIcon().pixmap(48, 48));
    box.setText(tr("Qatelier %1").arg(QCoreApplication::applicationVersion()));
    box.setInformativeText(tr("Workbench for quantizing vision models.") + QStringLiteral("\n\n") + diagnosticsText());
    box.setTextInteractionFlags(Qt::TextSelectableByMouse);
    QAbstractButton* copy = box.addButton(tr("Copy diagnostics"), QMessageBox::ActionRole);
    box.addButton(QMessageBox::Close);
    box.exec();
    if (box.clickedButton() == copy) copyDiagnostics();
}

void HelpWindows::copyDiagnostics() {
    QApplication::clipboard()->setText(diagnosticsText());
    m_parts.messages->post(QStringLiteral("diagnostics"), MessageKind::Info, tr("Diagnostics are on the clipboard."));
}

}  // namespace qat::ui
