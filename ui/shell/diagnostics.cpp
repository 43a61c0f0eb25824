// Collects versions and finds outside runtimes on the path.
#include "shell/diagnostics.h"

#include <QCoreApplication>
#include <QFile>
#include <QGuiApplication>
#include <QLibraryInfo>
#include <QStandardPaths>
#include <QSysInfo>
#include <QThread>

#include "widgets/format.h"

namespace qat::ui {
namespace {

QString reportText(const char* text) {
    return QCoreApplication::translate("Diagnostics", text);
}

// MemTotal of /proc/meminfo in bytes; 0 where there is none.
int64_t memoryBytes() {
    QFile file(QStringLiteral("/proc/meminfo"));
    if (!file.open(QIODevice::ReadOnly)) return 0;
    const QList<QByteArray> words = file.readLine(200).simplified().split(' ');
    return words.size() > 1 ? words[1].toLongLong() * 1024 : 0;
}

MachineFact program(const QString& name, const QString& command, const QString& missing) {
    const QString found = QStandardPaths::findExecutable(command);
    return {name, found.isEmpty() ? missing : found, !found.isEmpty()};
}

}  // namespace

QList<MachineFact> machineFacts() {
    const QString memory = memoryBytes() > 0 ? QStringLiteral(", ") + formatBytes(memoryBytes()) : QString();
    return {
        {reportText("Processor"),
         reportText("%1 cores, %2").arg(QThread::idealThreadCount()).arg(QSysInfo::currentCpuArchitecture()) + memory,
         true},
        {reportText("System"), QSysInfo::prettyProductName(), true},
        {QStringLiteral("Qt"), QString::fromLatin1(qVersion()), true},
        program(QStringLiteral("trtexec"), QStringLiteral("trtexec"), reportText("not found, cannot build engines")),
        program(QStringLiteral("OpenVINO"), QStringLiteral("benchmark_app"),
                reportText("not found, IR stays unchecked"))};
}

QString diagnosticsText() {
    QStringList lines{
        QStringLiteral("Qatelier %1").arg(QCoreApplication::applicationVersion()),
        QStringLiteral("Platform: %1, kernel %2").arg(QGuiApplication::platformName(), QSysInfo::kernelVersion()),
        QStringLiteral("Qt built: %1")
            .arg(QLibraryInfo::build() ? QString::fromLatin1(QLibraryInfo::build()) : QString())};
    for (const MachineFact& fact : machineFacts()) lines.append(fact.name + QStringLiteral(": ") + fact.detail);
    return lines.join(QLatin1Char('\n'));
}

}  // namespace qat::ui
