#include "pool.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

namespace ketwork {
namespace {

using Body = void (*)(void*, int64_t, int);

struct Work {
    Work(Body b, void* c, int64_t n) : body(b), context(c), tasks(n) {}

    const Body body;
    void* const context;
    const int64_t tasks;
    std::atomic<int64_t> next{0};
    int workers = 1;  // the fields below are guarded by the pool's mutex
    int running = 0;
    std::exception_ptr error;
};

class Pool {
   public:
    // Only one caller at a time.
    void run(Work& work, int threads) {
        grow(threads - 1);
        {
            std::lock_guard<std::mutex> lock(mutex_);
            work_ = &work;
            wanted_ = threads - 1;
            ++round_;
        }
        wake_.notify_all();
        drain(work, 0);
        std::unique_lock<std::mutex> lock(mutex_);
        work_ = nullptr;  // who has not begun does not begin
        done_.wait(lock, [&] { return work.running == 0; });
    }

    const pid_t process = getpid();
    std::mutex busy;

   private:
    void grow(int helpers) {
        try {
            for (; helpers_ < helpers; ++helpers_) std::thread([this] { serve(); }).detach();
        } catch (const std::system_error&) {
            // No more threads are to be had: those there are, and the caller, do the work.
        }
    }

    void drain(Work& work, int worker) {
        try {
            for (int64_t task; (task = work.next.fetch_add(1)) < work.tasks;)
                work.body(work.context, task, worker);
        } catch (...) {
            work.next.store(work.tasks);
            std::lock_guard<std::mutex> lock(mutex_);
            if (!work.error) work.error = std::current_exception();
        }
    }

    void serve() {
        int64_t seen = 0;
        std::unique_lock<std::mutex> lock(mutex_);
        for (;;) {
            wake_.wait(lock, [&] { return work_ && round_ != seen && wanted_ > 0; });
            seen = round_;
            --wanted_;
            Work& work = *work_;
            const int worker = work.workers++;
            ++work.running;
            lock.unlock();
            drain(work, worker);
            lock.lock();
            if (--work.running == 0) done_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_, done_;
    int helpers_ = 0;
    Work* work_ = nullptr;
    int wanted_ = 0;
    int64_t round_ = 0;
};

std::atomic<Pool*> current{nullptr};

// The pool of this process. Threads do not survive a fork and locks may be held for ever in the
// child, so a child makes a pool of its own. Pools are never destroyed: their threads may still be
// waiting when static objects are torn down at exit.
Pool& pool() {
    Pool* found = current.load();
    while (!found || found->process != getpid()) {
        Pool* made = new Pool;
        if (current.compare_exchange_strong(found, made)) return *made;
        delete made;  // another thread was faster; nobody has used this one
    }
    return *found;
}

}  // namespace

void parallel_for(int64_t tasks, int threads, Body body, void* context) {
    const int workers = static_cast<int>(std::min<int64_t>(tasks, threads));
    if (workers > 1) {
        Pool& mine = pool();
        std::unique_lock<std::mutex> lock(mine.busy, std::try_to_lock);
        if (lock.owns_lock()) {
            Work work(body, context, tasks);
            mine.run(work, workers);
            if (work.error) std::rethrow_exception(work.error);
            return;
        }
    }
    for (int64_t task = 0; task < tasks; ++task) body(context, task, 0);
}

}  // namespace ketwork
