// Switching themes: palette, style, then the short style sheet.
#include "style/theme_hub.h"

#include <QApplication>
#include <QPalette>
#include <QToolTip>

#include "style/style.h"

// Resources of a static library are only registered when asked for; the macro does not work inside a namespace.
static void registerIcons() {
    Q_INIT_RESOURCE(icons);
}

namespace qat::ui {
namespace {

constexpr const char* kSheet =
    "QToolTip { background: {raised}; color: {text}; border: 1px solid {borderStrong}; padding: 4px 6px; }"
    "QMenuBar { background: {window}; color: {text2}; padding: 3px 6px 1px 6px; }  QMenuBar::item { padding: 4px 9px; "
    "border-radius: 4px; }"
    "QMenuBar::item:selected { background: {sunken}; color: {text}; }"
    "QMenu { background: {raised}; border: 1px solid {borderStrong}; padding: 4px; }"
    "QMenu::item { padding: 5px 24px 5px 26px; border-radius: 4px; }"
    "QMenu::item:selected { background: {accentSoft}; color: {text}; }"
    "QMenu::item:disabled { color: {text3}; }"
    "QMenu::separator { height: 1px; background: {border}; margin: 4px 6px; }"
    "QStatusBar::item { border: none; }";

QString sheetFor(const Theme& theme) {
    const std::pair<const char*, Color> names[] = {
        {"{raised}", Color::Raised}, {"{text}", Color::Text},     {"{borderStrong}", Color::BorderStrong},
        {"{window}", Color::Window}, {"{text2}", Color::Text2},   {"{text3}", Color::Text3},
        {"{sunken}", Color::Sunken}, {"{border}", Color::Border}, {"{accentSoft}", Color::AccentSoft}};
    QString sheet = QString::fromLatin1(kSheet);
    for (const auto& [name, token] : names) sheet.replace(QLatin1String(name), theme.color(token).name());
    return sheet;
}

bool wantsDark(ThemeHub::Mode mode, bool systemDark) {
    return mode == ThemeHub::Mode::Dark || (mode == ThemeHub::Mode::System && systemDark);
}

}  // namespace

ThemeHub::ThemeHub(Mode mode, QObject* parent) : QObject(parent), m_mode(mode), m_systemDark(systemIsDark()) {
    registerIcons();
    m_theme = wantsDark(mode, m_systemDark) ? Theme::night() : Theme::day();
}

bool ThemeHub::systemIsDark() {
    return QApplication::palette().color(QPalette::Window).lightness() < 128;
}

void ThemeHub::apply(QApplication& application) {
    const bool first = m_application == nullptr;
    m_application = &application;
    if (first) application.setStyle(new Style(*this));
    install();
}

void ThemeHub::install() {
    const QPalette palette = m_theme.palette();
    m_application->setFont(m_theme.ui);
    m_application->setPalette(palette);
    QToolTip::setPalette(palette);
    m_application->setStyleSheet(sheetFor(m_theme));
}

void ThemeHub::setMode(Mode mode) {
    m_mode = mode;
    const bool dark = wantsDark(mode, m_systemDark);
    if (dark == m_theme.dark) return;
    m_theme = dark ? Theme::night() : Theme::day();
    ++m_generation;
    if (m_application) install();
    Q_EMIT changed();
}

}  // namespace qat::ui
