// The real binary under the real launcher: one of its ranks is killed by its process id.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "host/config/load_profile.h"
#include "tests/unit/config/temporary.h"

namespace traincast {
namespace {

constexpr int kRanks = 3;

// A job whose ranks carry `mark` in their environment.
class Job {
 public:
  Job(const std::vector<std::string>& arguments, const std::string& mark)
      : mark_("TRAINCAST_TEST_MARK=" + mark) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) return;
    process_ = fork();
    if (process_ == 0) {
      dup2(ends[1], STDERR_FILENO);
      dup2(ends[1], STDOUT_FILENO);
      setenv("TRAINCAST_TEST_MARK", mark.c_str(), 1);
      std::vector<std::string> words{TRAINCAST_TEST_MPIEXEC, "-n", std::to_string(kRanks),
                                     TRAINCAST_TEST_BINARY};
      words.insert(words.end(), arguments.begin(), arguments.end());
      std::vector<char*> pointers;
      for (std::string& word : words) pointers.push_back(word.data());
      pointers.push_back(nullptr);
      execvp(pointers[0], pointers.data());
      _exit(127);
    }
    close(ends[1]);
    output_ = ends[0];
  }
  ~Job() {
    if (process_ > 0) {
      kill(process_, SIGKILL);
      waitpid(process_, nullptr, 0);
    }
    close(output_);
  }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // Reads for at most so long; whether the job may say more.
  bool read_some(int milliseconds) {
    pollfd watched{.fd = output_, .events = POLLIN, .revents = 0};
    if (poll(&watched, 1, milliseconds) <= 0) return true;
    std::array<char, 4096> piece{};
    const ssize_t size = read(output_, piece.data(), piece.size());
    if (size <= 0) return false;
    text.append(piece.data(), static_cast<std::size_t>(size));
    return true;
  }
  // Until it has ended (CTest ends a test that takes for ever); its exit code.
  int finish() {
    while (read_some(1000)) {
    }
    int status = 0;
    waitpid(process_, &status, 0);
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  }
  // The process that is this rank; 0 where there is none.
  pid_t rank(int number) const {
    const std::string variable = "OMPI_COMM_WORLD_RANK=" + std::to_string(number);
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const int process = std::atoi(entry.path().filename().c_str());
      if (process == 0) continue;
      std::ifstream file(entry.path() / "environ", std::ios::binary);
      const std::string all{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
      const std::string environment = '\0' + all;
      const auto has = [&](const std::string& what) {
        return environment.find('\0' + what + '\0') != std::string::npos;
      };
      if (has(mark_) && has(variable)) return process;
    }
    return 0;
  }

  std::string text;

 private:
  std::string mark_;
  pid_t process_ = -1;
  int output_ = -1;
};

std::size_t rows(const Profile& profile) {
  return profile.ops.size() + profile.collectives.size();
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(KilledRank, EndsTheJobWithOneLineAndResumeCompletesIt) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "profile.json";
  std::vector<std::string> words{"measure", "--backend",  "cpu",
                                 "--quick", "--ops",      "attention,memory,collectives",
                                 "--out",   file.string()};
  {
    Job job(words, file.string());
    // As soon as something has been measured.
    bool more = true;
    while (more && !(std::filesystem::exists(file) && rows(load_profile(file)) > 0)) more = job.read_some(10);
    ASSERT_TRUE(more) << job.text;
    const pid_t victim = job.rank(1);
    if (victim == 0 && job.rank(0) == 0)
      GTEST_SKIP() << "this launcher does not tell ranks by Open MPI's variable";
    ASSERT_GT(victim, 0);
    ASSERT_EQ(kill(victim, SIGKILL), 0);
    EXPECT_NE(job.finish(), 0);
    EXPECT_EQ(count(job.text, "traincast: "), 1u) << job.text;
    EXPECT_NE(job.text.find("traincast: rank 1 died; rank "), std::string::npos) << job.text;
    EXPECT_NE(job.text.find(" ends with it while measuring "), std::string::npos) << job.text;
  }
  const Profile broken = load_profile(file);
  ASSERT_GT(rows(broken), 0u);
  words.emplace_back("--resume");
  Job job(words, file.string());
  EXPECT_EQ(job.finish(), 0) << job.text;
  EXPECT_NE(job.text.find("going on after " + std::to_string(rows(broken)) + " rows"), std::string::npos);
  const Profile whole = load_profile(file);
  ASSERT_EQ(whole.progress.size(), 3u);
  for (const PassProgress& pass : whole.progress) EXPECT_EQ(pass.points, pass.of) << pass.pass;
  ASSERT_GT(rows(whole), rows(broken));
  for (std::size_t i = 0; i < broken.ops.size(); ++i) {
    EXPECT_EQ(whole.ops[i].op, broken.ops[i].op);
    EXPECT_EQ(whole.ops[i].timing.samples_s, broken.ops[i].timing.samples_s);
  }
}

}  // namespace
}  // namespace traincast
