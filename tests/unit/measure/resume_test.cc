// A measurement that is broken off anywhere and gone on with has the rows of an unbroken one.
#include "host/measure/resume.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "host/base/errors.h"
#include "host/config/load_profile.h"
#include "host/measure/saver.h"
#include "tests/unit/config/temporary.h"
#include "tests/unit/measure/one_rank.h"

namespace traincast {
namespace {

struct Broken : std::runtime_error {
  using runtime_error::runtime_error;
};

MeasureOptions options_of(const FakeClock& clock) {
  MeasureOptions options = quick_options(clock);
  options.mode = Mode::both;
  options.sections = {Section::gemm, Section::attention,   Section::memory,
                      Section::host, Section::collectives, Section::interference};
  return options;
}

// Two ranks that stop after `points` points of rank 0, or never.
Profile run(const std::optional<Profile>& earlier, int points, const std::filesystem::path& file) {
  FakeCluster cluster(2);
  std::vector<FakeClock> clocks(2);
  Profile last;
  const auto program = [&](Session& session) {
    const auto rank = static_cast<std::size_t>(session.rank());
    FakeBackend backend(clocks[rank], {});
    backend.unsupported = [](const Op& op) {
      const auto* gemm = std::get_if<Gemm>(&op);
      return std::string(gemm != nullptr && gemm->dtype == DataType::fp8_e4m3 ? "no FP8 here" : "");
    };
    FakeCommunicator communicator(clocks[rank], session);
    communicator.unsupported = [](Collective c) {
      return std::string(c == Collective::all_to_all ? "not here" : "");
    };
    MeasureOptions options = options_of(clocks[rank]);
    options.earlier = earlier;
    Saver saver(file, Seconds(0), clocks[rank].reader());
    int kept = 0;
    options.keep = [&](const Profile& profile, bool pass_ends) {
      if (rank == 0) saver.keep(profile, pass_ends);
      if (++kept == points) throw Broken("broken off");
    };
    const Profile mine = measure(backend, communicator, session, options, kSilent).profile;
    if (rank == 0) last = mine;
  };
  try {
    cluster.run(program);
  } catch (const Broken&) {
    return load_profile(file);
  }
  return last;
}

// All that does not depend on when it was measured.
std::string rows_of(Profile profile) {
  for (PassProgress& progress : profile.progress) progress.spent = Seconds(0);
  return profile_text(profile);
}

TEST(Resume, GivesTheRowsOfAnUnbrokenRun) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "p.json";
  const Profile whole = run(std::nullopt, -1, file);
  std::int64_t points = 0;
  for (const PassProgress& progress : whole.progress) points += progress.points;
  ASSERT_GT(points, 300);
  // In the first pass, between passes, in the last one, and one point at a time from there.
  for (const int first : {1, 150, 331, 400}) {
    const Profile broken = run(std::nullopt, first, file);
    ASSERT_LT(broken.ops.size() + broken.collectives.size(), whole.ops.size() + whole.collectives.size());
    const Profile more = run(broken, 1, file);
    EXPECT_EQ(rows_of(run(more, -1, file)), rows_of(whole)) << first;
  }
}

TEST(Resume, OfACompleteOneMeasuresNothing) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "p.json";
  const Profile whole = run(std::nullopt, -1, file);
  EXPECT_EQ(rows_of(run(whole, -1, file)), rows_of(whole));
}

TEST(Resume, AnotherMachineOrOtherOptionsAreRefused) {
  OneRank one;
  one.options.sections = {Section::attention};
  const Profile profile = one.run().profile;
  const auto refusal = [&](const std::function<void(Profile&)>& change) {
    Profile changed = profile;
    change(changed);
    one.options.earlier = changed;
    try {
      one.run();
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(refusal([](Profile&) {}), "");
  EXPECT_EQ(refusal([](Profile& p) { p.device.name = "B200"; }),
            "cannot go on with test: device \"fake B200\" there, \"fake NVIDIA H100 80GB HBM3\" here");
  EXPECT_EQ(refusal([](Profile& p) { p.ranks = 8; }),
            "cannot go on with test: ranks \"8\" there, \"1\" here");
  EXPECT_EQ(refusal([](Profile& p) { p.options[0].second = "full"; }),
            "cannot go on with test: option effort \"full\" there, \"quick\" here");
  EXPECT_EQ(refusal([](Profile& p) { p.options.clear(); }),
            "cannot go on with test: it was not written by measure");
  EXPECT_NE(refusal([](Profile& p) {
              p.progress[0].of = 5;
              p.progress[0].points = 5;
            }),
            "");
}

TEST(Saver, SavesAtMostAsOftenAsItMayAndAlwaysWhenItMust) {
  const TemporaryFolder folder;
  FakeClock clock;
  Saver saver(folder.path() / "p.json", Seconds(10), clock.reader());
  Profile profile;
  profile.from = {Origin::measured, "here"};
  const auto saved = [&] { return load_profile(folder.path() / "p.json").tool_version; };
  const auto keep = [&](const char* version, bool must) {
    profile.tool_version = version;
    saver.keep(profile, must);
  };
  keep("1", false);
  EXPECT_EQ(saved(), "1");
  keep("2", false);
  EXPECT_EQ(saved(), "1");
  keep("3", true);
  EXPECT_EQ(saved(), "3");
  clock.advance(Seconds(10));
  keep("4", false);
  EXPECT_EQ(saved(), "4");
}

}  // namespace
}  // namespace traincast
