#include "host/measure/storage.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "host/base/counter_random.h"
#include "host/base/errors.h"
#include "host/base/statistics.h"

namespace traincast {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannot_write(const fs::path& path) {
  throw ConfigError("cannot write " + path.string() + ": " + std::generic_category().message(errno));
}

// A file of this process, removed when this ends.
class Scratch {
 public:
  Scratch(const fs::path& folder, int rank)
      : path_(folder / ("traincast-" + std::to_string(rank) + "-" + std::to_string(getpid()) + ".tmp")),
        file_(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
    if (file_ < 0) cannot_write(path_);
  }
  ~Scratch() {
    close(file_);
    unlink(path_.c_str());
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void write_all(const std::vector<std::uint64_t>& block, double bytes, Watch& watch) const {
    double until_step = 0;
    while (bytes > 0) {
      if (until_step <= 0) {
        watch.step(true);
        until_step = kGiB;
      }
      const char* at = reinterpret_cast<const char*>(block.data());
      auto left = static_cast<std::size_t>(
          std::min(bytes, static_cast<double>(block.size() * sizeof(std::uint64_t))));
      bytes -= static_cast<double>(left);
      until_step -= static_cast<double>(left);
      while (left > 0) {
        const ssize_t written = ::write(file_, at, left);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) cannot_write(path_);
        at += written;
        left -= static_cast<std::size_t>(written);
      }
    }
    watch.step(true);
    // Some file systems know no fsync and answer EINVAL.
    if (fsync(file_) != 0 && errno != EINVAL) cannot_write(path_);
  }

 private:
  fs::path path_;
  int file_;
};

std::vector<std::uint64_t> random_block(int rank) {
  constexpr std::size_t kBlock = 8 << 20;
  std::vector<std::uint64_t> block(kBlock / sizeof(std::uint64_t));
  const auto key = counter_key(static_cast<std::uint64_t>(rank) + 1, 0);
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = counter_bits(key, i);
  return block;
}

}  // namespace

void check_storage(const fs::path& folder, Bytes file, int writers) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    throw ConfigError("cannot write " + folder.string() + ": it is not a folder");
  }
  { const Scratch probe(folder, 0); }
  const fs::space_info space = fs::space(folder, error);
  if (error) throw ConfigError("cannot write " + folder.string() + ": " + error.message());
  const Bytes needed = file * (1.1 * writers);
  const Bytes free(static_cast<double>(space.available));
  if (free < needed) {
    throw ConfigError("cannot write " + folder.string() + ": " + to_string(free) + " are free, " +
                      std::to_string(writers) + " ranks need " + to_string(needed));
  }
}

Bytes storage_file(Effort effort) {
  constexpr double kQuick = 32 << 20;
  if (effort == Effort::quick) return Bytes(kQuick);
  return effort == Effort::normal ? Bytes(kGiB) : Bytes(8 * kGiB);
}

StorageRow measure_storage(Session& session, const fs::path& folder, Bytes file, int tries,
                           const std::function<Seconds()>& now, Watch& watch) {
  StorageRow row{.folder = folder.string(),
                 .writers = session.size(),
                 .nodes = session.nodes(),
                 .bytes = file,
                 .timing = {}};
  const std::vector<std::uint64_t> block = random_block(session.rank());
  const std::vector<double> node_of = session.all_gather(static_cast<double>(session.node()));
  std::map<int, std::vector<double>> rates;  // by node
  for (int i = 0; i < tries; ++i) {
    std::string failure;
    session.barrier();
    const Seconds start = now();
    Seconds took;
    try {
      const Scratch scratch(folder, session.rank());
      scratch.write_all(block, file.value(), watch);
      took = now() - start;
    } catch (const ConfigError& error) {
      failure = error.what();
    }
    watch.step(false);
    const std::vector<double> times = session.all_gather(took.value());
    row.timing.skipped = first_failure(session, failure);
    if (!row.timing.skipped.empty()) return row;
    row.timing.samples_s.push_back(*std::max_element(times.begin(), times.end()));
    std::map<int, std::pair<int, double>> nodes;  // writers and the slowest one's time
    for (std::size_t rank = 0; rank < times.size(); ++rank) {
      auto& [writers, slowest] = nodes[static_cast<int>(node_of[rank])];
      ++writers;
      slowest = std::max(slowest, times[rank]);
    }
    for (const auto& [node, of_node] : nodes) {
      rates[node].push_back(file.value() * of_node.first / std::max(of_node.second, 1e-9));
    }
  }
  row.timing.median = Seconds(median(row.timing.samples_s));
  for (const auto& [node, of_node] : rates) row.node_byte_per_s.push_back(median(of_node));
  return row;
}

Bandwidth aggregate_rate(const StorageRow& row) {
  return row.bytes * static_cast<double>(row.writers) / row.timing.median;
}

}  // namespace traincast
