// Encodings and line ends of configuration files.
#include "document/config_file.h"

#include "base/text.h"
#include "document/disk_file.h"
#include "feed/trouble.h"

namespace qat::ui {
namespace {
const auto kCrLf = QStringLiteral("\r\n"), kLf = QStringLiteral("\n");
}

ConfigFile readConfigFile(const QString& path, QString& trouble) {
    ConfigFile file;
    file.bytes = readRegularFile(path, DiskFile::kLargest, trouble);
    if (!trouble.isEmpty()) return file;
    std::string text;
    trouble = troubleOf([&] { text = utf8Text(path.toStdString(), file.bytes.toStdString()); });
    file.text = QString::fromStdString(text);
    return file;
}

TextForm formOf(const ConfigFile& file) {
    return {file.text.contains(kCrLf), file.bytes.startsWith(kByteOrderMark)};
}

QString withoutForm(QString text) {
    return text.replace(kCrLf, kLf);
}

QByteArray bytesOf(const QString& text, TextForm form) {
    const QByteArray bytes = (form.crlf ? QString(text).replace(kLf, kCrLf) : text).toUtf8();
    return form.mark ? QByteArrayView(kByteOrderMark).toByteArray() + bytes : bytes;
}

}  // namespace qat::ui
