// Work in a thread pool whose result comes back to a QObject's thread, and not at all once that object is gone.
#pragma once

#include <QFutureWatcher>
#include <QPromise>
#include <QThreadPool>
#include <memory>
#include <utility>

namespace qat::ui {

// Runs work() in `pool`, then done(result) in the thread of `context`. work must not throw and must not touch
// `context`; Result is handed over by shared pointer, so it is never copied.
template <class Work, class Done>
void runInPool(QThreadPool* pool, QObject* context, Work work, Done done) {
    using Result = std::shared_ptr<std::invoke_result_t<Work>>;
    auto promise = std::make_shared<QPromise<Result>>();
    auto* watcher = new QFutureWatcher<Result>(context);
    // The watcher, a child of the context, is what makes a late result harmless.
    QObject::connect(watcher, &QFutureWatcherBase::finished, context, [watcher, done = std::move(done)]() mutable {
        watcher->deleteLater();
        if (watcher->future().resultCount() > 0) done(*watcher->result());
    });
    watcher->setFuture(promise->future());
    pool->start([promise, work = std::move(work)]() mutable {
        promise->start();
        promise->addResult(std::make_shared<typename Result::element_type>(work()));
        promise->finish();
    });
}

}  // namespace qat::ui
