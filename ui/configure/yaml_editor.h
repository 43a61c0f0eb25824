// The configuration as text: line numbers, issue marks, waves under what is wrong.
#pragma once

#include <QPlainTextEdit>

namespace qat::ui {

class Document;
class ThemeHub;

// Shares the document's undo stack instead of having one of its own.
class YamlEditor : public QPlainTextEdit {
    Q_OBJECT
public:
    YamlEditor(const ThemeHub& hub, Document* document, QWidget* parent = nullptr);
    void goToLine(int line);  // 1-based
    // The line (1-based) of the cursor.
    int currentLine() const;
    QSize sizeHint() const override;  // the width its dock starts with

Q_SIGNALS:
    void lineEntered(int line);

protected:
    void resizeEvent(QResizeEvent* event) override;
    // Tab indents while one writes; who comes here with Tab goes on with it.
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    bool event(QEvent* event) override;

private:
    class Gutter;
    class Marks;
    void takeText(const void* origin);
    void pushText();
    void refreshSelections();
    void restyle();
    void paintGutter(QPainter& painter, const QRect& area);
    void paintMarks(QPainter& painter);
    int gutterWidth() const;

    const ThemeHub& m_hub;
    Document* m_document;
    Gutter* m_gutter;
    Marks* m_marks;
    bool m_taking = false;
    int m_lastLine = -1;
};

}  // namespace qat::ui
