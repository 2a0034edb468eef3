#include "tests/golden/program.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "host/base/file.h"

namespace traincast {

Outcome run_traincast(const std::string& words, const std::string& environment) {
  std::string pattern = (std::filesystem::temp_directory_path() / "traincast-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  const std::filesystem::path folder = pattern;
  const std::string command = "env -u TRAINCAST_CONFIGS -u TRAINCAST_BACKEND -u COLUMNS " + environment +
                              " '" TRAINCAST_TEST_BINARY "' " + words + " >'" + (folder / "out").string() +
                              "' 2>'" + (folder / "err").string() + "' </dev/null";
  const int status = std::system(command.c_str());
  Outcome outcome;
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  outcome.out = read_file(folder / "out");
  outcome.err = read_file(folder / "err");
  std::filesystem::remove_all(folder);
  return outcome;
}

}  // namespace traincast
