// What a task on another thread throws becomes a sentence: an exception that leaves a pool's thread ends the program.
#pragma once

#include <QCoreApplication>
#include <QString>
#include <exception>
#include <new>

namespace qat::ui {

// Runs call(). "" if it returns, else one sentence about what it threw, whatever that was.
template <class Call>
QString troubleOf(Call&& call) {
    QString sentence;
    try {
        call();
        return {};
    } catch (const std::bad_alloc&) {
        sentence = QCoreApplication::translate("Trouble", "There is not enough memory for this.");
    } catch (const std::exception& error) {
        sentence = QString::fromUtf8(error.what());
    } catch (...) {
    }
    if (sentence.isEmpty())
        sentence = QCoreApplication::translate("Trouble", "This ended with an error of an unknown kind.");
    return sentence;
}

}  // namespace qat::ui
