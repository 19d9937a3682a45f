#include "pool.hpp"

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace ketwork {
namespace {

struct Work {
    const std::function<void(int64_t, int)>* body = nullptr;
    int64_t tasks = 0;
    std::atomic<int64_t> next{0};
    std::atomic<int> worker{1};
    std::atomic<int> running{0};
};

class Pool {
   public:
    ~Pool() {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            stop_ = true;
        }
        wake_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }

    void run(int64_t tasks, int threads, const std::function<void(int64_t, int)>& body) {
        while (static_cast<int>(threads_.size()) < threads - 1)
            threads_.emplace_back([this] { serve(); });
        Work work;
        work.body = &body;
        work.tasks = tasks;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            work_ = &work;
            wanted_ = threads - 1;
            ++round_;
        }
        wake_.notify_all();
        drain(work, 0);
        std::unique_lock<std::mutex> lock(mutex_);
        work_ = nullptr;
        done_.wait(lock, [&] { return work.running.load() == 0; });
    }

   private:
    static void drain(Work& work, int worker) {
        for (int64_t task; (task = work.next.fetch_add(1)) < work.tasks;)
            (*work.body)(task, worker);
    }

    void serve() {
        int64_t seen = 0;
        std::unique_lock<std::mutex> lock(mutex_);
        for (;;) {
            wake_.wait(lock, [&] { return stop_ || (work_ && round_ != seen && wanted_ > 0); });
            if (stop_) return;
            seen = round_;
            --wanted_;
            Work* work = work_;
            const int worker = work->worker.fetch_add(1);
            work->running.fetch_add(1);
            lock.unlock();
            drain(*work, worker);
            lock.lock();
            if (work->running.fetch_sub(1) == 1) done_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_, done_;
    std::vector<std::thread> threads_;
    Work* work_ = nullptr;
    int wanted_ = 0;
    int64_t round_ = 0;
    bool stop_ = false;
};

std::mutex owner;
Pool* pool = nullptr;
pid_t pool_process = 0;

}  // namespace

void parallel_for(int64_t tasks, int threads, const std::function<void(int64_t, int)>& body) {
    const int workers = static_cast<int>(std::min<int64_t>(tasks, threads));
    if (workers > 1 && owner.try_lock()) {
        std::lock_guard<std::mutex> lock(owner, std::adopt_lock);
        if (pool_process != getpid()) {  // threads do not survive a fork: leak, start anew
            pool = new Pool;
            pool_process = getpid();
        }
        pool->run(tasks, workers, body);
        return;
    }
    for (int64_t task = 0; task < tasks; ++task) body(task, 0);
}

}  // namespace ketwork
