// Going on with a measurement that was broken off.
#pragma once

#include <string>
#include <string_view>

#include "host/config/profile.h"
#include "mpi/session.h"

namespace traincast {

// "" where `earlier` can be gone on with by a measurement that begins as `now` (the same device, ranks,
// fabric and options); else what differs.
std::string why_not_resumable(const Profile& earlier, const Profile& now);

// Of a pass, how far `profile` is; all zero where it has not begun.
PassProgress progress_of(const Profile& profile, std::string_view pass);
void set_progress(Profile& profile, const PassProgress& progress);

// Collective: rank 0's text on all ranks.
std::string broadcast_text(Session& session, const std::string& text);

}  // namespace traincast
