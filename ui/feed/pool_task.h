// Work in a thread pool whose result comes back to a QObject's thread, and not at all once that object is gone.
#pragma once

#include <QFutureWatcher>
#include <QPromise>
#include <QThreadPool>
#include <memory>
#include <utility>

#include "feed/trouble.h"

namespace qat::ui {

// Runs work() in `pool`, then done(result) in the thread of `context`, or failed(sentence) there if work threw. work
// must not touch `context`; its result is handed over by shared pointer, so it is never copied.
template <class Work, class Done, class Failed>
void runInPool(QThreadPool* pool, QObject* context, Work work, Done done, Failed failed) {
    using Result = std::invoke_result_t<Work>;
    struct Outcome {
        std::shared_ptr<Result> result;
        QString trouble;
    };
    auto promise = std::make_shared<QPromise<Outcome>>();
    auto* watcher = new QFutureWatcher<Outcome>(context);
    // The watcher, a child of the context, is what makes a late result harmless.
    QObject::connect(watcher, &QFutureWatcherBase::finished, context,
                     [watcher, done = std::move(done), failed = std::move(failed)]() mutable {
                         watcher->deleteLater();
                         if (watcher->future().resultCount() == 0) return;
                         const Outcome outcome = watcher->result();
                         outcome.result ? done(*outcome.result) : failed(outcome.trouble);
                     });
    watcher->setFuture(promise->future());
    pool->start([promise, work = std::move(work)]() mutable {
        promise->start();
        Outcome outcome;
        outcome.trouble = troubleOf([&] { outcome.result = std::make_shared<Result>(work()); });
        promise->addResult(std::move(outcome));
        promise->finish();
    });
}

}  // namespace qat::ui
