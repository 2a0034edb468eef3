#include <chrono>

#include "kernels/background_thread.h"
#include "kernels/cpu/cpu_prepared.h"

namespace traincast {

std::unique_ptr<BackgroundLoad> cpu_background(CpuPrepared& prepared) {
  return run_in_thread([&prepared](LoadResult& result, const std::atomic<bool>& stopping,
                                   const std::function<void()>& begun) {
    const auto start = std::chrono::steady_clock::now();
    begun();
    do {
      prepared.run();
      ++result.executions;
    } while (!stopping);
    result.elapsed = Seconds(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  });
}

}  // namespace traincast
