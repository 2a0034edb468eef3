// What the program does when it is told to end.
#pragma once

namespace traincast {

// From now on SIGINT and SIGTERM remove the temporary files, print one line where `speaks`, and end the
// process as that signal does by default, so that shells and launchers see which it was; one that does not
// speak lets the others end first. A file larger than the limit of the process (SIGXFSZ) becomes an error of
// the write instead.
void install_signals(bool speaks);

}  // namespace traincast
