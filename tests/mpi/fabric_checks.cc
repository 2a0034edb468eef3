#include "tests/mpi/fabric_checks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "host/base/errors.h"
#include "mpi/buffered.h"
#include "mpi/element.h"

namespace traincast {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr double kLargest = 256 * 1024 + 5;  // the sanitizer is slow
#else
constexpr double kLargest = 3 * 1024 * 1024 + 5;
#endif
// From less than a byte a rank to several MiB; even and odd.
constexpr double kMessages[] = {0, 1, 2, 3, 7, 16, 100, 1000, 4097, 65539, kLargest};

void for_each_supported(const Communicator& communicator,
                        const std::function<void(Collective, DataType)>& visit) {
  for (int c = 0; c < kCollectives; ++c) {
    const auto collective = static_cast<Collective>(c);
    if (!communicator.why_unsupported(collective).empty()) continue;
    for (int d = 0; d < kDataTypes; ++d) {
      const auto dtype = static_cast<DataType>(d);
      if (dtype == DataType::fp4 && reduces(collective)) continue;
      visit(collective, dtype);
    }
  }
}

}  // namespace

void expect_right_at_all_sizes(Communicator& communicator, Session& session) {
  for_each_supported(communicator, [&](Collective collective, DataType dtype) {
    for (const double message : kMessages) {
      const auto prepared = communicator.prepare(collective, Bytes(message), dtype);
      EXPECT_EQ(communicator.verify(*prepared), "");
      const Layout layout = make_layout(collective, Bytes(message), dtype, session.size());
      EXPECT_EQ(communicator.message(*prepared), layout.message());
    }
  });
}

void expect_agreed_times(Communicator& communicator, Session& session) {
  for_each_supported(communicator, [&](Collective collective, DataType dtype) {
    const auto prepared = communicator.prepare(collective, Bytes(20000), dtype);
    const Seconds time = communicator.time(*prepared, 3);
    EXPECT_GT(time.value(), 0);
    EXPECT_TRUE(std::isfinite(time.value()));
    for (const double other : session.all_gather(time.value())) EXPECT_EQ(other, time.value());
    const Bandwidth rate = busbw(collective, session.size(), communicator.message(*prepared), time / 3);
    EXPECT_TRUE(std::isfinite(rate.value()));
    if (session.size() > 1) {
      EXPECT_GT(rate.value(), 0);
    }
    EXPECT_EQ(communicator.verify(*prepared), "") << "after timing";
  });
}

// The last rank's first element is changed after preparing: rank 0 must find it, at the place where that
// element arrives, and every rank must report the same.
void expect_wrong_elements_found(Communicator& communicator, Session& session) {
  const int last = session.size() - 1;
  for_each_supported(communicator, [&](Collective collective, DataType dtype) {
    const auto prepared = communicator.prepare(collective, Bytes(20000), dtype);
    auto& buffers = dynamic_cast<PreparedCollective&>(*prepared);
    if (session.rank() == last) {
      std::byte first{};
      buffers.send->read(0, &first, 1);
      first ^= std::byte{0x40};
      std::vector<std::byte> element(unit_bytes(dtype), first);
      buffers.send->write(0, element.data(), element.size());
    }
    const std::string text = communicator.verify(*prepared);
    const bool joined = collective == Collective::all_gather || collective == Collective::all_to_all;
    const std::int64_t place = joined ? last * buffers.layout.block : 0;
    const std::string part = "rank 0 on " + session.host() + ": element " + std::to_string(place) + ": got ";
    EXPECT_NE(text.find(part), std::string::npos) << name(collective) << " " << name(dtype) << ": " << text;
    for (const std::string& other : session.all_gather(text)) EXPECT_EQ(other, text);
  });
}

}  // namespace traincast
