#include "tests/mpi/fabric_checks.h"

#include <gtest/gtest.h>

#include <algorithm>
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
      const auto shared = communicator.prepare_in_place(collective, Bytes(message), dtype);
      EXPECT_EQ(communicator.verify(*shared), "") << "in place";
      EXPECT_EQ(communicator.message(*shared), layout.message());
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
    const auto shared = communicator.prepare_in_place(collective, Bytes(20000), dtype);
    EXPECT_GT(communicator.time(*shared, 3).value(), 0);
    EXPECT_EQ(communicator.verify(*shared), "") << "in place, after timing";
  });
}

void expect_right_in_the_background(Communicator& communicator) {
  for_each_supported(communicator, [&](Collective collective, DataType dtype) {
    const auto first = communicator.prepare(collective, Bytes(40000), dtype);
    const auto second = communicator.prepare_in_place(collective, Bytes(300), dtype);
    communicator.start(*first, 2);
    communicator.start(*second);
    EXPECT_GT(communicator.wait(*second).value(), 0);
    EXPECT_GT(communicator.wait(*first).value(), 0);
    EXPECT_EQ(communicator.verify(*first), "");
    EXPECT_EQ(communicator.verify(*second), "");
    EXPECT_GT(communicator.time(*first, 1).value(), 0);
  });
}

// Even and odd ranks, in reverse order; the last rank belongs to none where there are three or more.
void expect_right_in_parts(Communicator& communicator, Session& session) {
  const bool out = session.size() > 2 && session.rank() == session.size() - 1;
  const int color = out ? -1 : session.rank() % 2;
  const auto part = communicator.split(color, -session.rank());
  EXPECT_EQ(part == nullptr, out);
  const auto members = session.all_gather(static_cast<double>(color));
  if (part != nullptr) {
    const auto ranks = std::count(members.begin(), members.end(), static_cast<double>(color));
    for (const Collective collective : {Collective::all_reduce, Collective::all_gather}) {
      const auto prepared = part->prepare_in_place(collective, Bytes(4097), DataType::bf16);
      EXPECT_EQ(part->in_place(*prepared), ranks > 1);
      EXPECT_EQ(part->verify(*prepared), "");
      EXPECT_GT(part->time(*prepared, 2).value(), 0);
    }
  }
  session.barrier();
}

// The last rank's first element is changed after preparing: rank 0 must find it, at the place where that
// element arrives, and every rank must report the same.
void expect_wrong_elements_found(Communicator& communicator, Session& session) {
  const int last = session.size() - 1;
  for_each_supported(communicator, [&](Collective collective, DataType dtype) {
    for (const bool in_place : {false, true}) {
      const auto prepared = in_place ? communicator.prepare_in_place(collective, Bytes(20000), dtype)
                                     : communicator.prepare(collective, Bytes(20000), dtype);
      auto& buffers = dynamic_cast<PreparedCollective&>(*prepared);
      if (session.rank() == last) {
        std::byte first{};
        buffers.send->read(buffers.input_offset, &first, 1);
        first ^= std::byte{0x40};
        std::vector<std::byte> element(unit_bytes(dtype), first);
        buffers.send->write(buffers.input_offset, element.data(), element.size());
      }
      const std::string text = communicator.verify(*prepared);
      const bool joined = collective == Collective::all_gather || collective == Collective::all_to_all;
      const std::int64_t place = joined ? last * buffers.layout.block : 0;
      const std::string part =
          "rank 0 on " + session.host() + ": element " + std::to_string(place) + ": got ";
      EXPECT_NE(text.find(part), std::string::npos) << name(collective) << " " << name(dtype) << ": " << text;
      for (const std::string& other : session.all_gather(text)) EXPECT_EQ(other, text);
    }
  });
}

}  // namespace traincast
