#include "kernels/cuda/op_prepared.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "host/base/errors.h"

namespace traincast::cuda {

OpPrepared::OpPrepared(OperandSets sets, std::unique_ptr<Launcher> launcher, Timer& timer,
                       cudaStream_t stream)
    : sets_(std::move(sets)), launcher_(std::move(launcher)) {
  pointers_.reserve(sets_.copies());
  for (std::size_t i = 0; i < sets_.copies(); ++i) {
    pointers_.push_back(sets_.pointers(i));
    launcher_->bind(pointers_.back(), stream);
  }
  // A kernel that is loaded on its first launch may wait for the device, which waits for the gate.
  launch(stream);
  TRAINCAST_CHECK(cudaStreamSynchronize(stream));
  if (launcher_->choices() > 1) choose_fastest(timer, stream);
  algorithm_ = launcher_->algorithm();
  if (!algorithm_.empty() && launcher_->choices() > 1) {
    algorithm_ += " (fastest of " + std::to_string(launcher_->choices()) + ")";
  }
}

// Rounds over all ways instead of one way after the other: clocks that sink while this lasts slow all alike.
// The median of the rounds.
void OpPrepared::choose_fastest(Timer& timer, cudaStream_t stream) {
  constexpr std::size_t kRounds = 5;
  constexpr int kExecutions = 3;
  std::vector<std::array<double, kRounds>> seconds(static_cast<std::size_t>(launcher_->choices()));
  std::vector<bool> runs(seconds.size(), true);
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (std::size_t choice = 0; choice < seconds.size(); ++choice) {
      if (!runs[choice]) continue;
      try {
        launcher_->choose(static_cast<int>(choice));
        launch(stream);
        TRAINCAST_CHECK(cudaStreamSynchronize(stream));
        seconds[choice][round] = timer.device_time(*this, kExecutions).value();
      } catch (const DeviceError&) {  // one way that does not run leaves the others
        runs[choice] = false;
        seconds[choice].fill(std::numeric_limits<double>::infinity());
      }
    }
  }
  for (auto& rounds : seconds) std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
  const auto fastest = std::min_element(seconds.begin(), seconds.end(), [](const auto& a, const auto& b) {
    return a[kRounds / 2] < b[kRounds / 2];
  });
  launcher_->choose(static_cast<int>(fastest - seconds.begin()));
  launch(stream);
  TRAINCAST_CHECK(cudaStreamSynchronize(stream));
}

// Each execution takes the next copy of the operands, also across calls.
void OpPrepared::launch(cudaStream_t stream) {
  launcher_->launch(pointers_[next_], stream);
  next_ = (next_ + 1) % pointers_.size();
}

std::vector<float> OpPrepared::result(cudaStream_t stream) {
  TRAINCAST_CHECK(cudaStreamSynchronize(stream));
  sets_.reset();
  launcher_->launch(pointers_[0], stream);
  return sets_.download();
}

}  // namespace traincast::cuda
