// A load in a thread of its own, for backends: they say what the thread does.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "kernels/background.h"

namespace traincast {

// Executes, counting and timing in `result`, until `stopping`; calls `begun` once, when the device is at it.
// What it throws is thrown by stop().
using LoadLoop = std::function<void(LoadResult& result, const std::atomic<bool>& stopping,
                                    const std::function<void()>& begun)>;

// Returns when the loop has begun, or has failed before that.
std::unique_ptr<BackgroundLoad> run_in_thread(LoadLoop loop);

}  // namespace traincast
