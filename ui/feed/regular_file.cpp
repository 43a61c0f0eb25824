// Opens without waiting, looks at what it got, and only then hands it to Qt.
#include "feed/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <QCoreApplication>
#include <cerrno>
#include <cstring>

namespace qat::ui {

bool openRegular(QFile& file, const QString& path, QString* trouble) {
    QString ignored;
    QString& why = trouble ? *trouble : ignored;
    why.clear();
    const int handle = ::open(QFile::encodeName(path).constData(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (handle < 0) {
        if (errno != ENOENT) why = QString::fromLocal8Bit(std::strerror(errno));
        return false;
    }
    struct stat found {};
    if (::fstat(handle, &found) == 0 && S_ISREG(found.st_mode) &&
        file.open(handle, QIODevice::ReadOnly, QFileDevice::AutoCloseHandle))
        return true;
    ::close(handle);
    why = QCoreApplication::translate("RunFolder", "it is not a regular file");
    return false;
}

}  // namespace qat::ui
