// A small pool of threads.
#pragma once

#include <cstdint>

namespace ketwork {

// Calls body(context, task, worker) for task = 0 .. tasks - 1 on at most `threads` workers, this
// thread among them as worker 0. Everything runs on this thread while another caller has the pool.
// The first exception of a body stops the rest and is thrown here.
void parallel_for(int64_t tasks, int threads, void (*body)(void* context, int64_t task, int worker),
                  void* context);

}  // namespace ketwork
