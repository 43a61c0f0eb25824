// A configuration file as text, and the form in which the text goes back into it.
#pragma once

#include <QByteArray>
#include <QString>

namespace qat::ui {

// The text of a configuration file, whatever its encoding. `trouble` is "" or one sentence about a file that is none.
struct ConfigFile {
    QByteArray bytes;
    QString text;  // with the file's line ends
};
ConfigFile readConfigFile(const QString& path, QString& trouble);

// What a file has besides its text, and is saved with again: Windows' line ends, a byte order mark.
struct TextForm {
    bool crlf = false, mark = false;
};
TextForm formOf(const ConfigFile& file);
QString withoutForm(QString text);  // line ends as the window has them
QByteArray bytesOf(const QString& text, TextForm form);

}  // namespace qat::ui
