// Every kept input through its reader: those called accepted-* must be accepted, refused-* refused, and all
// must come back. The inputs that once crashed a reader are among them.
#include <filesystem>
#include <iostream>

#include "host/base/file.h"
#include "tests/fuzz/targets.h"

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  using namespace traincast::fuzz;
  if (argc != 2) {
    std::cerr << "usage: fuzz_corpus FOLDER\n";
    return 2;
  }
  int wrong = 0;
  for (const Target& target : targets()) {
    int seen = 0;
    for (const auto& entry : fs::directory_iterator(fs::path(argv[1]) / target.name)) {
      const std::string name = entry.path().filename().string();
      ++seen;
      try {
        const bool accepted = accepts(target, traincast::read_file(entry.path()));
        if (accepted ? name.starts_with("refused-") : name.starts_with("accepted-")) {
          std::cerr << entry.path().string() << ": was " << (accepted ? "accepted" : "refused") << '\n';
          ++wrong;
        }
      } catch (const std::exception& error) {
        std::cerr << entry.path().string() << ": " << error.what() << '\n';
        ++wrong;
      }
    }
    std::cout << target.name << ": " << seen << " inputs\n";
    if (seen < 2) {
      std::cerr << target.name << " has " << seen << " inputs; at least one to accept and one to refuse\n";
      ++wrong;
    }
  }
  return wrong == 0 ? 0 : 1;
}
