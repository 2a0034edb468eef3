#include "host/cli/program.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string_view>

#include "host/base/errors.h"
#include "host/cli/help.h"
#include "host/cli/manual.h"
#include "host/cli/options.h"
#include "host/cli/output.h"
#include "host/cli/version.h"
#include "mpi/same_program.h"

namespace traincast {
namespace {

int print(std::string_view text) {
  const bool failed =
      std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0;
  return failed ? 1 : 0;
}

int run_help(const std::vector<std::string>& words) {
  if (words.empty()) return print(program_help());
  if (words.size() > 1) throw UsageError("traincast help takes one command");
  if (words.front() == "--man") return print(manual_page());
  if (words.front() == "help" || words.front() == "--help") return print(program_help());
  return print(command_help(find_command(words.front())));
}

// Ranks that are not the same program end here, rank 0 with the line.
void check_same_program(Session& session) {
  if (session.size() == 1) return;
  const BuildInfo& build = build_info();
  std::string mine(build.version);
  if (!build.commit.empty()) mine.append(" of commit ").append(build.commit);
  mine.append(" (").append(build.options).append(")");
  const std::string line = other_program(session, mine);
  if (line.empty()) return;
  if (session.rank() != 0) session.barrier();  // rank 0 ends the job
  throw CommError(line);
}

}  // namespace

// Set by the launchers of Open MPI, MVAPICH, MPICH and Slurm; read so that a command of one rank needs no MPI
// at all.
bool is_other_rank() {
  constexpr std::array<const char*, 5> kRankVariables = {"OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK",
                                                         "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"};
  for (const char* name : kRankVariables) {
    const char* rank = std::getenv(name);
    if (rank != nullptr) return std::string_view(rank) != "0";
  }
  return false;
}

int run_program(Program& program, const std::vector<std::string>& words) {
  CommandLine line = split_command_line(words);
  if (line.command.empty() && !line.help && !line.version) {
    throw UsageError("no command; see traincast --help");
  }
  const bool asks_help = line.command == "help" || line.help;
  if (!asks_help && line.version) line.command = "version";
  const CommandSpec* command = asks_help ? nullptr : &find_command(line.command);
  if ((command == nullptr || command->ranks == Ranks::one) && is_other_rank()) return 0;
  if (line.command == "help") return run_help(line.after);
  if (asks_help) {
    return print(line.command.empty() ? program_help() : command_help(find_command(line.command)));
  }

  line.before.insert(line.before.end(), line.after.begin(), line.after.end());
  Arguments arguments = parse_arguments(*command, line.before);
  if (command->ranks == Ranks::all) {
    program.session = program.make_session(program.argc, program.argv);
    check_same_program(*program.session);
    arguments.set_session(program.session.get());
  }
  if (arguments.flag("help")) return arguments.speaks() ? print(command_help(*command)) : 0;
  return command->run(arguments);
}

bool said_by_rank_0(const Program& program, const std::exception& error) {
  return program.session == nullptr && dynamic_cast<const UsageError*>(&error) != nullptr && is_other_rank();
}

std::string message(const std::exception& error) {
  constexpr std::size_t kLongest = 2000;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text = dynamic_cast<const std::bad_alloc*>(&error) == nullptr ? error.what() : "out of memory";
  if (text.size() > kLongest) text.replace(kLongest / 2, text.size() - kLongest, " ... ");
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      line += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      line += "\\x";
      line += kHex[byte / 16];
      line += kHex[byte % 16];
    } else {
      line += c;
    }
  }
  return line;
}

int exit_code(const std::exception& error) {
  if (dynamic_cast<const UsageError*>(&error) != nullptr) return 2;
  if (dynamic_cast<const ConfigError*>(&error) != nullptr) return 2;
  if (dynamic_cast<const UnitError*>(&error) != nullptr) return 2;
  if (dynamic_cast<const InfeasiblePlan*>(&error) != nullptr) return 3;
  return 1;
}

}  // namespace traincast
