// The temporary files that exist right now, so that a signal can remove them.
#pragma once

#include <string>

namespace traincast {

// Notes that `path` is there, until it is forgotten. A path that is too long or one of too many is not noted:
// then it may outlive a signal. Safe to call from any thread.
void note_temporary(const std::string& path);
void forget_temporary(const std::string& path);

// Removes what is noted. Safe in a signal handler: no lock, no allocation.
void remove_temporaries();

}  // namespace traincast
