// Lays out the export form and shows the report.
#include "exporting/export_panel.h"

#include <QCheckBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLineEdit>
#include <QStackedWidget>
#include <QStandardItemModel>
#include <QVBoxLayout>

#include "config/export_formats.h"
#include "exporting/export_checks.h"
#include "progress/run_state.h"
#include "style/theme_hub.h"
#include "style/theme_icon.h"
#include "widgets/buttons.h"
#include "widgets/cell_delegate.h"
#include "widgets/empty_state.h"
#include "widgets/format.h"
#include "widgets/message_bar.h"
#include "widgets/panel.h"
#include "widgets/row_table.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

constexpr int kMostFiles = 100;

bool isRunFolder(const QString& path) {
    return QFileInfo::exists(path + QStringLiteral("/events.jsonl"));
}

// Of those that stand for a run, any.
bool hasWeights(const QString& run) {
    for (const char* name : {"final", "best", "last"})
        if (QFileInfo::exists(QStringLiteral("%1/weights/%2.safetensors").arg(run, QLatin1String(name)))) return true;
    return false;
}

QString textOf(std::string_view text) {
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

QString whyWithoutWeights(const QString& run) {
    return QFileInfo::exists(run + QStringLiteral("/run_summary.json"))
               ? ExportPanel::tr(
                     "This run came without its weights, so it cannot be exported; run its configuration to get them.")
               : ExportPanel::tr("This run has no weights yet.");
}

// Green is for files that a runtime has computed alike, nothing else.
Chip checkChip(const RunExport& file) {
    if (file.result == QLatin1String("passed"))
        return {ExportPanel::tr("parity passed"), ChipKind::Success, QStringLiteral("check")};
    if (file.result == QLatin1String("failed"))
        return {ExportPanel::tr("parity failed"), ChipKind::Error, QStringLiteral("close")};
    return {ExportPanel::tr("not checked"), ChipKind::Neutral, {}};
}

QString folderOf(const ExportedFile& file) {
    return QFile::decodeName(file.path.parent_path().c_str());
}

QString destinationOf(const QString& source) {
    if (source.isEmpty()) return {};
    const QFileInfo info(source);
    return (info.isDir() ? source : info.absolutePath()) + QStringLiteral("/exports");
}

// "" where none are told: older runs do not say whether there are any.
QString changesOf(const RunExport& file) {
    if (file.notes.isEmpty()) return {};
    return counted(file.notes.size(), ExportPanel::tr("1 change by the format"),
                   ExportPanel::tr("%1 changes by the format")) +
           QStringLiteral(": ") + file.notes.join(QLatin1Char(' '));
}

RunExport checkOf(const ExportedFile& written) {
    RunExport file;
    file.format = QString::fromStdString(written.format);
    file.file = QFile::decodeName(written.path.filename().c_str());
    file.result = QString::fromLatin1(checkResultName(written.check.result).data());
    file.runtime = QString::fromStdString(written.check.runtime + " " + written.check.version).trimmed();
    file.sentence = QString::fromStdString(written.check.sentence);
    for (const std::string& note : written.notes) file.notes.append(QString::fromStdString(note));
    return file;
}

}  // namespace

ExportPanel::ExportPanel(const ThemeHub& hub, QWidget* parent)
    : QWidget(parent),
      m_hub(hub),
      m_messages(new MessageStack(hub, this)),
      m_files(new QStandardItemModel(0, 4, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_messages);
    auto* middle = new QHBoxLayout;
    middle->setSpacing(0);
    middle->addWidget(makeTargets());
    middle->addWidget(new Hairline(hub, Qt::Vertical, this));
    middle->addWidget(makeReport(), 1);
    column->addLayout(middle, 1);
    column->addWidget(new Hairline(hub, Qt::Horizontal, this));
    column->addWidget(makeFooter());
    connect(&m_job, &ExportJob::finished, this, &ExportPanel::show);
    connect(m_source, &QLineEdit::textEdited, this, &ExportPanel::followSource);
    connect(m_source, &QLineEdit::textChanged, this, &ExportPanel::refresh);
    connect(m_source, &QLineEdit::textChanged, this, &ExportPanel::sourceChanged);
    connect(m_out, &QLineEdit::textChanged, this, &ExportPanel::refresh);
    for (const QCheckBox* format : m_formats) connect(format, &QCheckBox::toggled, this, &ExportPanel::refresh);
    connect(m_start, &QPushButton::clicked, this, &ExportPanel::start);
    refresh();
}

QWidget* ExportPanel::makeTargets() {
    auto* panel = new Surface(m_hub, false, this);
    panel->setFixedWidth(m_hub.px(320));
    auto* column = new QVBoxLayout(panel);
    column->setContentsMargins(0, 0, 0, m_hub.px(12));
    column->setSpacing(m_hub.px(8));
    column->addWidget(new PanelHeader(m_hub, tr("Model and target"), panel));
    auto* form = new QVBoxLayout;
    form->setContentsMargins(m_hub.px(12), m_hub.px(4), m_hub.px(12), 0);
    form->setSpacing(m_hub.px(6));
    auto* caption = new ThemedLabel(m_hub, tr("Run folder or model file"), TextStyle::CaptionStrong, Color::Text2);
    form->addWidget(caption);
    m_source = new QLineEdit(panel);
    m_source->setAccessibleName(tr("Run folder or model file"));
    caption->setBuddy(m_source);
    QAction* browse = m_source->addAction(themeIcon(m_hub, QStringLiteral("folder")), QLineEdit::TrailingPosition);
    browse->setToolTip(tr("Choose a run folder"));
    connect(browse, &QAction::triggered, this, [this] {
        const QString folder = QFileDialog::getExistingDirectory(this, tr("Choose a run folder"), m_source->text());
        if (!folder.isEmpty()) setSource(folder);
    });
    form->addWidget(m_source);
    form->addSpacing(m_hub.px(8));
    form->addWidget(new ThemedLabel(m_hub, tr("Target"), TextStyle::CaptionStrong, Color::Text2));
    addFormats(form);
    column->addLayout(form);
    column->addStretch(1);
    return panel;
}

void ExportPanel::addFormats(QVBoxLayout* form) {
    for (const ExportFormat& format : kExportFormats) {
        if (format.file.empty()) continue;
        auto* box = new QCheckBox(textOf(format.title), this);
        box->setObjectName(textOf(format.key));
        box->setChecked(m_formats.empty());
        m_formats.push_back(box);
        form->addWidget(box);
        auto* detail = new ThemedLabel(m_hub, textOf(format.detail), TextStyle::Small, Color::Text2);
        detail->setWordWrap(true);
        form->addWidget(detail);
    }
}

std::vector<std::string> ExportPanel::chosenFormats() const {
    std::vector<std::string> chosen;
    for (const QCheckBox* format : m_formats)
        if (format->isChecked()) chosen.push_back(format->objectName().toStdString());
    return chosen;
}

QWidget* ExportPanel::makeReport() {
    auto* panel = new Surface(m_hub, false, this);
    auto* column = new QVBoxLayout(panel);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(new PanelHeader(m_hub, tr("Written files"), panel));
    m_files->setHorizontalHeaderLabels(
        {tr("File"), tr("Check"), tr("Size"), tr("What the check found, and what the format changes")});
    m_table = new RowTable(m_hub, panel);
    m_table->setModel(m_files);
    m_table->setItemDelegateForColumn(1, new CellDelegate(m_hub, CellLook::Chip, m_table));
    m_table->setRowHeight(50);
    m_table->setAccessibleName(tr("Written files"));
    QHeaderView* header = m_table->horizontalHeader();
    header->resizeSection(0, m_hub.px(260));
    header->resizeSection(1, m_hub.px(130));
    header->resizeSection(2, m_hub.px(90));
    header->setStretchLastSection(true);
    auto* nothing = new EmptyState(
        m_hub,
        tr("Nothing written yet. Exported files are listed here, with what a runtime made of them and what the format "
           "changes."),
        panel);
    m_reports = new QStackedWidget(panel);
    m_reports->addWidget(nothing);
    m_reports->addWidget(m_table);
    const auto follow = [this] { m_reports->setCurrentIndex(m_files->rowCount() > 0 ? 1 : 0); };
    connect(m_files, &QStandardItemModel::rowsInserted, this, follow);
    connect(m_files, &QStandardItemModel::rowsRemoved, this, follow);
    column->addWidget(m_reports, 1);
    return panel;
}

QWidget* ExportPanel::makeFooter() {
    auto* footer = new Surface(m_hub, true, this);
    auto* row = new QHBoxLayout(footer);
    row->setContentsMargins(m_hub.px(12), m_hub.px(10), m_hub.px(12), m_hub.px(10));
    row->setSpacing(m_hub.px(8));
    auto* caption = new ThemedLabel(m_hub, tr("Write to"), TextStyle::Small, Color::Text2);
    m_out = new QLineEdit(footer);
    m_out->setMinimumWidth(m_hub.px(320));
    m_out->setAccessibleName(tr("Destination folder"));
    caption->setBuddy(m_out);
    m_state = new ThemedLabel(m_hub, {}, TextStyle::Small, Color::Text2);
    m_start = makeButton(m_hub, tr("Export model"), ButtonKind::Primary, QStringLiteral("export"), false, footer);
    row->addWidget(caption);
    row->addWidget(m_out);
    row->addWidget(m_state, 1);
    row->addWidget(m_start);
    return footer;
}

QString ExportPanel::source() const {
    return m_source->text();
}

void ExportPanel::setSource(const QString& source) {
    m_source->setText(QDir::toNativeSeparators(source));
    m_out->setText(destinationOf(source));
    m_proposed = m_out->text();
    listFiles();
    refresh();
}

// A destination that nobody has typed is that of the source: else a model would land among the files of another one.
void ExportPanel::followSource() {
    if (m_out->text() != m_proposed) return;
    m_out->setText(destinationOf(m_source->text()));
    m_proposed = m_out->text();
    listFiles();
}

// Files that are there, with what is known of their checks; newest first.
void ExportPanel::listFiles() {
    m_files->removeRows(0, m_files->rowCount());
    const QHash<QString, RunExport> checks = storedChecks(m_source->text(), m_out->text());
    for (const QFileInfo& info : QDir(m_out->text()).entryInfoList(QDir::Files, QDir::Time)) {
        if (m_files->rowCount() >= kMostFiles) return;
        if (!isCheckFile(info.fileName())) addRow(info, checks.value(info.fileName()));
    }
}

void ExportPanel::addRow(const QFileInfo& info, const RunExport& file) {
    auto* name = new QStandardItem(info.fileName());
    name->setData(true, CodeRole);
    const Chip chip = checkChip(file);
    auto* state = new QStandardItem(chip.text);
    state->setData(static_cast<int>(chip.kind), ChipKindRole);
    state->setData(chip.icon, ChipIconRole);
    state->setToolTip(file.runtime);
    auto* bytes = new QStandardItem(formatBytes(info.size()));
    bytes->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
    const QString found =
        file.sentence.isEmpty() ? tr("Nothing is known of a check of this file.") : asSentence(file.sentence);
    auto* result = new QStandardItem(found);
    result->setData(changesOf(file), DetailRole);
    result->setToolTip(changesOf(file).isEmpty() ? found : found + QLatin1Char('\n') + changesOf(file));
    m_files->appendRow({name, state, bytes, result});
}

QString ExportPanel::whyNot() const {
    const QString source = m_source->text();
    if (source.isEmpty()) return tr("Choose a run folder or a model file.");
    if (!QFileInfo::exists(source)) return tr("The run folder or model file does not exist.");
    if (QFileInfo(source).isDir() && !isRunFolder(source)) return tr("This folder holds no run.");
    if (QFileInfo(source).isDir() && !hasWeights(source)) return whyWithoutWeights(source);
    const std::vector<std::string> formats = chosenFormats();
    if (formats.empty()) return tr("Choose a target.");
    if (const std::string shared = sharedExportFile(formats); !shared.empty())
        return asSentence(QString::fromStdString(shared));
    if (m_out->text().isEmpty()) return tr("Choose a destination folder.");
    return {};
}

void ExportPanel::refresh() {
    const QString why = whyNot();
    m_start->setEnabled(why.isEmpty() && !m_job.isRunning());
    m_start->setToolTip(why);
    m_state->setText(m_job.isRunning() ? tr("Exporting and checking…") : why);
}

void ExportPanel::start() {
    if (!m_start->isEnabled()) return;
    m_messages->withdraw(QStringLiteral("export"));
    m_job.start({m_source->text().toStdString(), m_out->text().toStdString(), chosenFormats()});
    refresh();
}

void ExportPanel::show(const std::vector<ExportedFile>& files, const QString& error) {
    QVector<RunExport> checks;
    for (const ExportedFile& file : files) checks.push_back(checkOf(file));
    // Beside the files themselves: another run may have been chosen meanwhile.
    const QString trouble = files.empty() ? QString() : storeChecks(folderOf(files.front()), checks);
    listFiles();
    if (!error.isEmpty()) m_messages->post(QStringLiteral("export"), MessageKind::Error, asSentence(error));
    if (!trouble.isEmpty()) m_messages->post(QStringLiteral("checks"), MessageKind::Warning, trouble);
    refresh();
    Q_EMIT exported(error.isEmpty());
}

}  // namespace qat::ui
