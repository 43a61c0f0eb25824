// Controls by kind of value.
#include "configure/field_editor.h"

#include <QCheckBox>
#include <QComboBox>
#include <QEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPainter>
#include <QSpinBox>
#include <QVBoxLayout>

#include "style/theme_hub.h"
#include "style/theme_icon.h"
#include "widgets/segment_bar.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

constexpr size_t kMostSegments = 3;
constexpr qsizetype kLongestSegments = 22;  // letters together; more goes into a combo box

QString text(const std::string& value) {
    return QString::fromStdString(value);
}

bool fitsSegments(const ConfigField& field) {
    qsizetype letters = 0;
    for (const std::string& choice : field.choices) letters += static_cast<qsizetype>(choice.size());
    return field.choices.size() <= kMostSegments && letters <= kLongestSegments && field.pattern.empty();
}

bool isTrue(const QString& value) {
    return QStringList{QStringLiteral("true"), QStringLiteral("yes"), QStringLiteral("on")}.contains(value.toLower());
}

}  // namespace

FieldEditor::FieldEditor(const ThemeHub& hub, const ConfigField& field, int labelWidth, QWidget* parent)
    : QWidget(parent), m_hub(hub), m_field(field) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(hub.px(14), hub.px(3), hub.px(12), hub.px(3));
    column->setSpacing(hub.px(2));
    auto* row = new QHBoxLayout;
    row->setSpacing(hub.px(8));
    m_label = new ThemedLabel(hub, text(field.label), TextStyle::Small, Color::Text2, this);
    m_label->setFixedWidth(labelWidth);
    m_label->setElide(Qt::ElideRight);
    m_label->setToolTip(text(field.path));
    m_control = makeControl();
    m_control->setAccessibleName(text(field.label));
    m_control->setAccessibleDescription(text(field.help));
    m_control->setToolTip(text(field.help));
    m_control->installEventFilter(this);
    m_label->setBuddy(m_control);
    row->addWidget(m_label);
    const bool natural = qobject_cast<QCheckBox*>(m_control) || qobject_cast<QSpinBox*>(m_control) ||
                         m_field.kind == ConfigField::Kind::Real;
    row->addWidget(m_control, natural ? 0 : 1);
    if (natural) row->addStretch(1);
    column->addLayout(row);
    m_issue = new ThemedLabel(hub, {}, TextStyle::Caption, Color::Error, this);
    m_issue->setWordWrap(true);
    m_issue->hide();
    column->addWidget(m_issue);
    setObjectName(key());
}

QWidget* FieldEditor::makeControl() {
    switch (m_field.kind) {
        case ConfigField::Kind::Boolean:
            return makeCheck();
        case ConfigField::Kind::Choice:
            return makeChoice();
        case ConfigField::Kind::Integer:
            return m_field.defaultValue.empty() ? makeLine() : makeNumber();  // a spin box cannot be empty
        case ConfigField::Kind::Text:
        case ConfigField::Kind::Path:
        case ConfigField::Kind::Real:
        case ConfigField::Kind::List:
            break;
    }
    return makeLine();
}

QWidget* FieldEditor::makeCheck() {
    auto* box = new QCheckBox(this);
    m_show = [box](const QString& value) { box->setChecked(isTrue(value)); };
    connect(box, &QCheckBox::clicked, this,
            [this](bool on) { commit(on ? QStringLiteral("true") : QStringLiteral("false")); });
    return box;
}

QWidget* FieldEditor::makeChoice() {
    if (fitsSegments(m_field)) {
        auto* bar = new SegmentBar(m_hub, true, this);
        bar->setStretched(true);
        for (const std::string& choice : m_field.choices) {
            QString shown = text(choice);
            bar->addSegment(text(choice), shown.startsWith(QLatin1String("per_")) ? shown.mid(4) : shown);
        }
        m_show = [bar](const QString& value) { bar->setCurrentKey(value); };
        connect(bar, &SegmentBar::chosen, this, [this](int, const QString& choice) { commit(choice); });
        return bar;
    }
    auto* box = new QComboBox(this);
    for (const std::string& choice : m_field.choices) box->addItem(text(choice));
    box->setMinimumContentsLength(6);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    if (m_field.pattern.empty()) {
        m_show = [box](const QString& value) { box->setCurrentIndex(box->findText(value)); };
    } else {
        box->setEditable(true);
        box->setInsertPolicy(QComboBox::NoInsert);
        m_show = [box](const QString& value) { box->setEditText(value); };
        connect(box->lineEdit(), &QLineEdit::editingFinished, this, [this, box] { commit(box->currentText()); });
    }
    connect(box, &QComboBox::activated, this, [this, box] { commit(box->currentText()); });
    return box;
}

QWidget* FieldEditor::makeNumber() {
    auto* box = new QSpinBox(this);
    const double low = std::max(m_field.minimum, double(INT_MIN)), high = std::min(m_field.maximum, double(INT_MAX));
    box->setRange(static_cast<int>(low), high > low ? static_cast<int>(high) : INT_MAX);
    box->setKeyboardTracking(false);
    box->setFixedWidth(m_hub.px(96));
    // A number beyond the limits is shown as it is written; the issue below says what is wrong with it.
    m_show = [box, least = box->minimum(), most = box->maximum()](const QString& value) {
        bool isNumber = false;
        const int number = value.toInt(&isNumber);
        if (!isNumber) return;
        box->setRange(std::min(least, number), std::max(most, number));
        box->setValue(number);
    };
    connect(box, &QSpinBox::valueChanged, this, [this](int value) { commit(QString::number(value)); });
    return box;
}

QWidget* FieldEditor::makeLine() {
    auto* line = new QLineEdit(this);
    m_show = [line](const QString& value) {
        if (line->text() != value) line->setText(value);
    };
    if (m_field.kind == ConfigField::Kind::Real || m_field.kind == ConfigField::Kind::Integer)
        line->setMaximumWidth(m_hub.px(96));
    connect(line, &QLineEdit::editingFinished, this, [this, line] { commit(line->text()); });
    if (m_field.kind != ConfigField::Kind::Path) return line;
    QAction* browse = line->addAction(themeIcon(m_hub, QStringLiteral("folder")), QLineEdit::TrailingPosition);
    browse->setToolTip(tr("Choose a file"));
    connect(browse, &QAction::triggered, this, [this] {
        const QString path = QFileDialog::getOpenFileName(this, text(m_field.label), QFileInfo(m_value).absolutePath());
        if (!path.isEmpty()) enter(path);
    });
    return line;
}

void FieldEditor::commit(const QString& value) {
    if (value == m_value) return;
    m_value = value;
    Q_EMIT edited(key(), value);
}

void FieldEditor::enter(const QString& value) {
    {
        const QSignalBlocker quiet(m_control);
        m_show(value);
    }
    commit(value);
}

void FieldEditor::show(const QString& value, bool stated) {
    m_stated = stated && value != text(m_field.defaultValue);
    m_label->setColor(m_stated ? Color::Text : Color::Text2);
    update();
    if (value == m_value && m_control->hasFocus()) return;
    m_value = value;
    const QSignalBlocker quiet(m_control);
    m_show(value);
    m_control->update();
}

void FieldEditor::setLabelWidth(int pixels) {
    m_label->setFixedWidth(pixels);
}

void FieldEditor::setIssue(const QString& message, bool isError) {
    m_issue->setText(message);
    m_issue->setColor(isError ? Color::Error : Color::Warning);
    m_issue->setVisible(!message.isEmpty());
}

// The wheel scrolls the form unless the control has the focus; focus leads the help and the text along.
bool FieldEditor::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::Wheel && !m_control->hasFocus()) {
        event->ignore();
        return true;
    }
    if (event->type() == QEvent::FocusIn) Q_EMIT focused(key());
    return QWidget::eventFilter(watched, event);
}

// A dot left of the label: this value differs from the default.
void FieldEditor::paintEvent(QPaintEvent*) {
    if (!m_stated) return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(m_hub.color(Color::Text2));
    painter.drawEllipse(QPointF(m_hub.px(8), m_label->geometry().center().y() + 1), m_hub.px(2), m_hub.px(2));
}

}  // namespace qat::ui
