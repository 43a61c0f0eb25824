// How a page's docks and splitters were left, put back once the page has its size.
#pragma once

#include <QByteArray>
#include <QElapsedTimer>
#include <QObject>
#include <QString>
#include <QTimer>
#include <QVariant>

class QMainWindow;

namespace qat::ui {

// Sizes given to docks before their page is laid out are lost, and a page is laid out when it is first shown. So that
// is when they are restored, and again while the window manager still changes the window's size. Docks whose property
// "followsContent" is true are shown and hidden by their page alone.
class PageLayout : public QObject {
    Q_OBJECT
public:
    PageLayout(QWidget* page, QObject* parent);
    // Into the settings; what was kept stays for a page that was not shown.
    void save() const;
    // As the page starts without settings.
    void reset();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    QString key(const char* what) const;
    void arrange();
    void restore();
    bool restoreDocks(const QByteArray& state);
    void restoreSizes();
    QVariantList splitterStates() const;
    void restoreSplitters(const QVariantList& states);

    QWidget* m_page;
    QMainWindow* m_host;  // null: a page without docks
    // States before anything was restored: of the docks, and of the splitters.
    QByteArray m_start;
    QVariantList m_startSplitters;
    bool m_startKnown = false;
    bool m_shown = false;
    QElapsedTimer m_sinceShown;
    QTimer m_soon;
};

}  // namespace qat::ui
