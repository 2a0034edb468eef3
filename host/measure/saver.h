// Keeps the profile on the disk up to date while it grows.
#pragma once

#include <filesystem>
#include <functional>

#include "host/config/profile.h"
#include "host/measure/sampler.h"

namespace traincast {

// Each save replaces the file whole, flushed to the disk, so that it is a valid profile at any time; at most
// `pause` of measuring is lost when the job dies.
class Saver {
 public:
  explicit Saver(std::filesystem::path file, Seconds pause = Seconds(0.2),
                 std::function<Seconds()> now = steady_now)
      : file_(std::move(file)), pause_(pause), now_(std::move(now)) {}
  // Saves where the last save is long enough ago, or `must`. Throws ConfigError.
  void keep(const Profile& profile, bool must);

 private:
  std::filesystem::path file_;
  Seconds pause_, saved_{-1e9};
  std::function<Seconds()> now_;
};

}  // namespace traincast
