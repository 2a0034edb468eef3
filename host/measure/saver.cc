#include "host/measure/saver.h"

#include <algorithm>

#include "host/config/load_profile.h"

namespace traincast {

void Saver::keep(const Profile& profile, bool must) {
  const Seconds begin = now_();
  if (!must && begin - saved_ < pause_) return;
  save_profile(profile, file_);
  // A slow disk must not eat the measurement: a save may take a tenth of the time.
  saved_ = now_();
  pause_ = std::max(pause_, (saved_ - begin) * 10.0);
}

}  // namespace traincast
