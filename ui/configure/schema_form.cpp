// Builds the rows of a section and keeps them equal to the document.
#include "configure/schema_form.h"

#include <QCoreApplication>
#include <QVBoxLayout>
#include <algorithm>

#include "configure/field_editor.h"
#include "document/document.h"
#include "style/theme_hub.h"
#include "widgets/panel.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

constexpr int kWidestForm = 290;  // px at the base font, that its fields may ask for

}  // namespace

QString sectionTitle(const QString& key) {
    static const QHash<QString, QString> titles{{QStringLiteral("model"), SchemaForm::tr("Model")},
                                                {QStringLiteral("data"), SchemaForm::tr("Data")},
                                                {QStringLiteral("quantization"), SchemaForm::tr("Quantization")},
                                                {QStringLiteral("calibration"), SchemaForm::tr("Calibration")},
                                                {QStringLiteral("qat_params"), SchemaForm::tr("QAT")},
                                                {QStringLiteral("distillation"), SchemaForm::tr("Distillation")},
                                                {QStringLiteral("train_params"), SchemaForm::tr("Training")},
                                                {QStringLiteral("analysis"), SchemaForm::tr("Analysis")},
                                                {QStringLiteral("export"), SchemaForm::tr("Export")},
                                                {QStringLiteral("weight"), SchemaForm::tr("Weights")},
                                                {QStringLiteral("activation"), SchemaForm::tr("Activations")},
                                                {QStringLiteral("fake_quantize"), SchemaForm::tr("Fake quantizer")},
                                                {QStringLiteral("loss_weights"), SchemaForm::tr("Loss weights")},
                                                {QStringLiteral("augment"), SchemaForm::tr("Augmentation")},
                                                {QStringLiteral("ema"), SchemaForm::tr("Weight averaging")},
                                                {QStringLiteral("oscillation"), SchemaForm::tr("Oscillation")},
                                                {QStringLiteral("qc"), SchemaForm::tr("Correction")},
                                                {QStringLiteral("gradual_bits"), SchemaForm::tr("Narrowing grids")},
                                                {QStringLiteral("dampen"), SchemaForm::tr("Dampening")},
                                                {QStringLiteral("freeze"), SchemaForm::tr("Freezing")}};
    if (titles.contains(key)) return titles.value(key);
    QString words = key;
    words.replace(QLatin1Char('_'), QLatin1Char(' '));
    if (!words.isEmpty()) words[0] = words[0].toUpper();
    return words;
}

SchemaForm::SchemaForm(const ThemeHub& hub, Document* document, QWidget* parent)
    : QScrollArea(parent), m_hub(hub), m_document(document) {
    setFrameShape(NoFrame);
    setWidgetResizable(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFocusPolicy(Qt::NoFocus);
    connect(document, &Document::readingChanged, this, &SchemaForm::refresh);
    connect(&hub, &ThemeHub::changed, this, [this] { viewport()->update(); });
}

void SchemaForm::showSection(const QString& section) {
    if (section == m_section) return;
    m_section = section;
    build();
    refresh();
}

// Of the section, within what leaves the fields their place.
int SchemaForm::widestLabel() const {
    const QFontMetrics metrics(m_hub.theme().small);
    int widest = m_hub.px(92);
    for (const ConfigField& field : configFields())
        if (QString::fromStdString(field.section) == m_section)
            widest = std::max(widest, metrics.horizontalAdvance(QString::fromStdString(field.label)) + 2);
    return std::min(widest, m_hub.px(158));
}

void SchemaForm::setTitled(bool titled) {
    m_titled = titled;
    if (m_title) m_title->setVisible(titled);
}

void SchemaForm::build() {
    m_editors.clear();
    auto* body = new Surface(m_hub, false, this);
    auto* column = new QVBoxLayout(body);
    column->setContentsMargins(0, m_hub.px(10), 0, m_hub.px(12));
    column->setSpacing(0);
    m_title = new ThemedLabel(m_hub, sectionTitle(m_section), TextStyle::Heading, Color::Text, body);
    m_title->setContentsMargins(m_hub.px(14), 0, 0, m_hub.px(6));
    m_title->setVisible(m_titled);
    column->addWidget(m_title);
    const int labelWidth = widestLabel();
    QString group;
    for (const ConfigField& field : configFields()) {
        if (QString::fromStdString(field.section) != m_section) continue;
        const QStringList parts = QString::fromStdString(field.path).split(QLatin1Char('.'));
        const QString inner = parts.size() > 2 ? parts[1] : QString();
        if (inner != group && !inner.isEmpty()) {
            auto* heading = new ThemedLabel(m_hub, sectionTitle(inner), TextStyle::CaptionStrong, Color::Text, body);
            heading->setContentsMargins(m_hub.px(14), m_hub.px(12), 0, m_hub.px(4));
            column->addWidget(heading);
        }
        group = inner;
        auto* editor = new FieldEditor(m_hub, field, labelWidth, body);
        connect(editor, &FieldEditor::focused, this, &SchemaForm::fieldFocused);
        connect(editor, &FieldEditor::edited, this, [this](const QString& key, const QString& value) {
            if (const QString trouble = m_document->setValue(key, value, this); !trouble.isEmpty())
                Q_EMIT refused(trouble);
        });
        m_editors.insert(editor->key(), editor);
        column->addWidget(editor);
    }
    column->addStretch(1);
    // Wide fields are few, and labels can be read as tooltips: better those are cut than the dock is wider than its
    // place.
    const int over = body->minimumSizeHint().width() - m_hub.px(kWidestForm);
    if (over > 0)
        for (FieldEditor* editor : std::as_const(m_editors))
            editor->setLabelWidth(std::max(m_hub.px(92), labelWidth - over));
    setWidget(body);                                                  // deletes the form before
    setMinimumWidth(body->minimumSizeHint().width() + m_hub.px(12));  // nothing is cut off at the right
}

void SchemaForm::refresh() {
    const auto reading = m_document->reader().reading();
    for (FieldEditor* editor : std::as_const(m_editors)) {
        const ConfigValueAt at = reading->values.value(editor->key(), {editor->field().defaultValue, 0});
        editor->show(QString::fromStdString(at.value), at.line > 0);
        QString message;
        bool isError = false;
        for (const ConfigIssue& issue : reading->config.issues)
            if (QString::fromStdString(issue.key) == editor->key() && message.isEmpty()) {
                message = QString::fromStdString(issue.message);
                isError = issue.severity == Severity::Error;
            }
        editor->setIssue(message, isError);
        editor->setEnabled(m_document->isOpen());
    }
}

void SchemaForm::focusField(const QString& key) {
    showSection(key.section(QLatin1Char('.'), 0, 0));
    FieldEditor* editor = m_editors.value(key);
    if (!editor) return;
    ensureWidgetVisible(editor);
    editor->control()->setFocus(Qt::OtherFocusReason);
}

}  // namespace qat::ui
