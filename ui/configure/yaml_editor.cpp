// Editing, gutter and marks of the YAML text.
#include "configure/yaml_editor.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QScrollBar>
#include <QTextBlock>
#include <QToolTip>

#include "configure/yaml_highlighter.h"
#include "document/document.h"
#include "style/theme_hub.h"
#include "style/theme_icon.h"

namespace qat::ui {

class YamlEditor::Gutter : public QWidget {
public:
    explicit Gutter(YamlEditor* editor) : QWidget(editor), m_editor(editor) {}

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        m_editor->paintGutter(painter, rect());
    }

private:
    YamlEditor* m_editor;
};

class YamlEditor::Marks : public QWidget {
public:
    explicit Marks(YamlEditor* editor) : QWidget(editor), m_editor(editor) {
        setAttribute(Qt::WA_TransparentForMouseEvents);
    }

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        m_editor->paintMarks(painter);
    }

private:
    YamlEditor* m_editor;
};

YamlEditor::YamlEditor(const ThemeHub& hub, Document* document, QWidget* parent)
    : QPlainTextEdit(parent), m_hub(hub), m_document(document), m_gutter(new Gutter(this)), m_marks(new Marks(this)) {
    setFrameShape(NoFrame);
    setLineWrapMode(NoWrap);
    setUndoRedoEnabled(false);
    setTabChangesFocus(false);
    setCursorWidth(2);
    setAccessibleName(tr("Configuration text"));
    new YamlHighlighter(hub, this->QPlainTextEdit::document());
    connect(this, &QPlainTextEdit::textChanged, this, &YamlEditor::pushText);
    connect(this, &QPlainTextEdit::updateRequest, this, [this](const QRect& area, int dy) {
        if (dy)
            m_gutter->scroll(0, dy);
        else
            m_gutter->update(0, area.y(), m_gutter->width(), area.height());
    });
    connect(this, &QPlainTextEdit::cursorPositionChanged, this, [this] {
        refreshSelections();
        if (currentLine() == m_lastLine) return;
        m_lastLine = currentLine();
        Q_EMIT lineEntered(m_lastLine);
    });
    connect(document, &Document::textChanged, this, &YamlEditor::takeText);
    connect(document, &Document::readingChanged, this, &YamlEditor::refreshSelections);
    connect(&hub, &ThemeHub::changed, this, &YamlEditor::restyle);
    restyle();
    takeText(nullptr);
}

void YamlEditor::restyle() {
    setFont(m_hub.theme().smallCode);
    setTabStopDistance(fontMetrics().horizontalAdvance(QLatin1Char(' ')) * 2);
    setViewportMargins(gutterWidth(), m_hub.px(3), m_hub.px(6), 0);
    refreshSelections();
}

int YamlEditor::gutterWidth() const {
    return m_hub.px(20) + fontMetrics().horizontalAdvance(QStringLiteral("0000"));
}

// Replaces only what differs, so that cursor and scroll position survive an edit made elsewhere.
void YamlEditor::takeText(const void* origin) {
    if (origin == this) return;
    const QString before = toPlainText();
    const QString& after = m_document->text();
    setEnabled(m_document->isOpen());
    if (before == after) return;
    qsizetype head = 0, tail = 0;
    const qsizetype shorter = std::min(before.size(), after.size());
    while (head < shorter && before[head] == after[head]) ++head;
    while (tail < shorter - head && before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) ++tail;
    m_taking = true;
    QTextCursor cursor(QPlainTextEdit::document());
    cursor.setPosition(static_cast<int>(head));
    cursor.setPosition(static_cast<int>(before.size() - tail), QTextCursor::KeepAnchor);
    cursor.insertText(after.mid(head, after.size() - head - tail));
    m_taking = false;
    if (!origin && tail == 0 && head == 0) moveCursor(QTextCursor::Start);
}

void YamlEditor::pushText() {
    if (!m_taking) m_document->setText(toPlainText(), tr("typing"), this);
}

QSize YamlEditor::sizeHint() const {
    return {m_hub.px(420), m_hub.px(600)};
}

int YamlEditor::currentLine() const {
    return textCursor().blockNumber() + 1;
}

void YamlEditor::goToLine(int line) {
    const QTextBlock block = QPlainTextEdit::document()->findBlockByNumber(line - 1);
    if (!block.isValid()) return;
    m_lastLine = line;  // told by the caller, who knows already
    QTextCursor cursor(block);
    setTextCursor(cursor);
    if (cursorRect().bottom() > viewport()->height() - 20 || cursorRect().top() < 20) centerCursor();
}

void YamlEditor::refreshSelections() {
    QList<QTextEdit::ExtraSelection> selections;
    QTextEdit::ExtraSelection current;
    current.format.setBackground(m_hub.color(Color::AccentSoft));
    current.format.setProperty(QTextFormat::FullWidthSelection, true);
    current.cursor = textCursor();
    current.cursor.clearSelection();
    if (m_document->isOpen()) selections.append(current);
    for (const ConfigIssue& issue : m_document->reader().reading()->config.issues) {
        const QTextBlock block = QPlainTextEdit::document()->findBlockByNumber(issue.line - 1);
        if (issue.line < 1 || !block.isValid()) continue;
        QTextEdit::ExtraSelection wave;
        wave.format.setUnderlineStyle(QTextCharFormat::WaveUnderline);
        wave.format.setUnderlineColor(m_hub.color(issue.severity == Severity::Error ? Color::Error : Color::Warning));
        wave.cursor = QTextCursor(block);
        const int indent = static_cast<int>(block.text().size() - block.text().trimmed().size());
        wave.cursor.setPosition(block.position() +
                                std::clamp(issue.column - 1, std::min(indent, block.length() - 1), block.length() - 1));
        wave.cursor.movePosition(QTextCursor::EndOfBlock, QTextCursor::KeepAnchor);
        selections.append(wave);
    }
    setExtraSelections(selections);
    m_gutter->update();
    m_marks->update();
}

void YamlEditor::resizeEvent(QResizeEvent* event) {
    QPlainTextEdit::resizeEvent(event);
    const QRect inner = contentsRect();
    m_gutter->setGeometry(inner.left(), inner.top(), gutterWidth(), inner.height());
    m_marks->setGeometry(inner.right() - m_hub.px(16), inner.top(), m_hub.px(6), inner.height());
    m_marks->raise();
}

// Undo and redo belong to the document, whatever was edited last; Tab indents by two spaces, Escape leaves the text.
void YamlEditor::focusInEvent(QFocusEvent* event) {
    if (event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason) setTabChangesFocus(true);
    QPlainTextEdit::focusInEvent(event);
}

void YamlEditor::mousePressEvent(QMouseEvent* event) {
    setTabChangesFocus(false);
    QPlainTextEdit::mousePressEvent(event);
}

void YamlEditor::keyPressEvent(QKeyEvent* event) {
    if (!event->text().isEmpty()) setTabChangesFocus(false);
    if (event->matches(QKeySequence::Undo)) return m_document->undoStack()->undo();
    if (event->matches(QKeySequence::Redo)) return m_document->undoStack()->redo();
    if (event->key() == Qt::Key_Tab && event->modifiers() == Qt::NoModifier)
        return insertPlainText(QStringLiteral("  "));
    if (event->key() == Qt::Key_Escape) {
        focusNextChild();
        return;
    }
    if (event->key() == Qt::Key_Return && event->modifiers() == Qt::NoModifier) {
        const QString line = textCursor().block().text();
        qsizetype indent = 0;
        while (indent < line.size() && line[indent] == QLatin1Char(' ')) ++indent;
        if (line.trimmed().endsWith(QLatin1Char(':')) && textCursor().atBlockEnd()) indent += 2;
        return insertPlainText(QLatin1Char('\n') + QString(indent, QLatin1Char(' ')));
    }
    QPlainTextEdit::keyPressEvent(event);
}

bool YamlEditor::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const int line = cursorForPosition(viewport()->mapFrom(this, help->pos())).blockNumber() + 1;
        QStringList messages;
        for (const ConfigIssue& issue : m_document->reader().reading()->config.issues)
            if (issue.line == line) messages.append(QString::fromStdString(issue.message));
        if (messages.isEmpty())
            QToolTip::hideText();
        else
            QToolTip::showText(help->globalPos(), messages.join(QLatin1Char('\n')), this);
        return true;
    }
    return QPlainTextEdit::event(event);
}

void YamlEditor::paintGutter(QPainter& painter, const QRect& area) {
    const Theme& theme = m_hub.theme();
    painter.fillRect(area, theme.color(Color::Surface));
    const int current = textCursor().blockNumber();
    const int top = viewport()->y() - m_gutter->y();
    for (QTextBlock block = firstVisibleBlock(); block.isValid(); block = block.next()) {
        const QRectF box = blockBoundingGeometry(block).translated(contentOffset()).translated(0, top);
        if (box.top() > area.bottom()) return;
        const bool here = block.blockNumber() == current && isEnabled();
        if (here) {
            painter.fillRect(QRectF(0, box.top(), area.width(), box.height()), theme.color(Color::AccentSoft));
            painter.fillRect(QRectF(0, box.top(), 3, box.height()), theme.color(Color::Accent));
        }
        painter.setFont(theme.caption);
        painter.setPen(theme.color(here ? Color::Accent : Color::Text3));
        if (isEnabled())
            painter.drawText(QRectF(0, box.top(), area.width() - theme.px(10), box.height()),
                             Qt::AlignRight | Qt::AlignVCenter, QString::number(block.blockNumber() + 1));
        for (const ConfigIssue& issue : m_document->reader().reading()->config.issues) {
            if (issue.line != block.blockNumber() + 1) continue;
            const bool isError = issue.severity == Severity::Error;
            const double side = theme.px(12);
            paintIcon(painter, QRectF(theme.px(4), box.center().y() - side / 2, side, side),
                      isError ? QStringLiteral("error") : QStringLiteral("warning"),
                      theme.color(isError ? Color::Error : Color::Warning), 1.8);
        }
    }
}

// Where in the whole text the issues stand, as ticks beside the scroll bar.
void YamlEditor::paintMarks(QPainter& painter) {
    const double lines = std::max(1, blockCount());
    for (const ConfigIssue& issue : m_document->reader().reading()->config.issues)
        if (issue.line > 0)
            painter.fillRect(QRectF(0, (issue.line - 0.5) / lines * m_marks->height(), m_marks->width(), 3),
                             m_hub.color(issue.severity == Severity::Error ? Color::Error : Color::Warning));
}

}  // namespace qat::ui
