// Unpacks the resources below :/sample, each into its place.
#include "shell/sample_run.h"

#include <QCoreApplication>
#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QFileInfo>
#include <QSaveFile>
#include <QStandardPaths>

// Names inside a namespace are not found by the resource compiler.
static void registerSample() {
    Q_INIT_RESOURCE(sample);
}

namespace qat::ui {
namespace {

const auto kSource = QStringLiteral(":/sample");

QByteArray contentOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

// A file that holds the right bytes stays, so that its time does; any other is replaced.
bool unpack(const QString& source, const QString& target) {
    const QByteArray bytes = contentOf(source);
    if (QFileInfo(target).isFile() && QFileInfo(target).size() == bytes.size() && contentOf(target) == bytes)
        return true;
    QFile::setPermissions(target, QFile::ReadOwner | QFile::WriteOwner);  // else only root could replace it
    QSaveFile file(target);
    if (!QDir().mkpath(QFileInfo(target).absolutePath()) || !file.open(QIODevice::WriteOnly) ||
        file.write(bytes) != bytes.size() || !file.commit())
        return false;
    return QFile::setPermissions(target, QFile::ReadOwner | QFile::ReadGroup | QFile::ReadOther);
}

}  // namespace

QString unpackSampleRun(QString& trouble) {
    registerSample();
    const QString folder =
        QStandardPaths::writableLocation(QStandardPaths::AppLocalDataLocation) + QStringLiteral("/sample/shapes-w4a4");
    QDirIterator files(kSource, QDir::Files, QDirIterator::Subdirectories);
    while (files.hasNext()) {
        const QString source = files.next();
        if (unpack(source, folder + source.mid(kSource.size()))) continue;
        trouble = QCoreApplication::translate("SampleRun", "The sample's run cannot be written to %1.")
                      .arg(QDir::toNativeSeparators(folder));
        return {};
    }
    return folder;
}

}  // namespace qat::ui
