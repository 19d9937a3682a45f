// A small pool of threads that survives fork: a child process starts its own.
#pragma once

#include <functional>

namespace ketwork {

// Calls body(task, worker) for task = 0..tasks-1 on at most `threads` workers, this thread among
// them. Runs inline where the pool is busy with another caller.
void parallel_for(int64_t tasks, int threads, const std::function<void(int64_t, int)>& body);

}  // namespace ketwork
