// A device and a fabric that answer from formulas, and the clock that their work moves: what measure,
// calibrate and estimate make of them is known exactly.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/base/counter_random.h"
#include "kernels/backend.h"
#include "mpi/communicator.h"

namespace traincast {

class FakeClock {
 public:
  Seconds now() const { return now_; }
  void advance(Seconds time) { now_ += time; }
  std::function<Seconds()> reader() const {
    return [this] { return now_; };
  }

 private:
  Seconds now_{1000};
};

// 1 + amplitude * u with u in [-1, 1), deterministic, another one each call.
class FakeNoise {
 public:
  explicit FakeNoise(double amplitude = 0, std::uint64_t seed = 1) : amplitude_(amplitude), seed_(seed) {}
  double factor() {
    const std::uint64_t bits = counter_bits(counter_key(seed_, 0), calls_++);
    return 1 + amplitude_ * (static_cast<double>(bits >> 11) * 0x1p-52 - 1);
  }

 private:
  double amplitude_;
  std::uint64_t seed_;
  std::uint64_t calls_ = 0;
};

class FakeLoad final : public BackgroundLoad {
 public:
  FakeLoad(const FakeClock& clock, Seconds once) : clock_(clock), start_(clock.now()), once_(once) {}
  LoadResult stop() override {
    if (!result_) {
      const Seconds elapsed = clock_.now() - start_;
      result_ = {static_cast<std::int64_t>(elapsed / once_), elapsed};
    }
    return *result_;
  }

 private:
  const FakeClock& clock_;
  Seconds start_, once_;
  std::optional<LoadResult> result_;
};

class FakeBackend final : public Backend {
 public:
  struct Formula {
    Seconds launch{2e-6};
    FlopRate rate{600e12};
    Bandwidth bandwidth{2.5e12};
    Bandwidth link{55e9};
    Seconds time(const Op& op) const {
      const Work done = work(op);
      return launch + std::max(done.flops / rate, done.bytes / bandwidth);
    }
  };
  struct PreparedOp : Prepared {
    explicit PreparedOp(const Op& shape) : op(shape) {}
    Op op;
  };
  struct PreparedHostOp : Prepared {
    explicit PreparedHostOp(const HostOp& shape) : op(shape) {}
    HostOp op;
  };

  FakeBackend(FakeClock& clock, Formula answers, FakeNoise noise = FakeNoise())
      : formula(answers), clock_(clock), noise_(noise) {}

  DeviceInfo info() const override {
    return {.backend = "fake",
            .name = name,
            .id = "fake-0",
            .driver = "1.0",
            .libraries = {{"fakeblas", "3"}},
            .memory = Bytes(80e9),
            .last_level_cache = Bytes(50e6),
            .multiprocessors = 132};
  }
  std::string why_unsupported(const Op& op) const override { return unsupported(op); }
  std::string why_unsupported(const HostOp&) const override { return ""; }
  std::unique_ptr<Prepared> prepare(const Op& op, std::uint64_t, const PrepareOptions&) override {
    return std::make_unique<PreparedOp>(op);
  }
  std::unique_ptr<Prepared> prepare(const HostOp& op, std::uint64_t) override {
    return std::make_unique<PreparedHostOp>(op);
  }
  Seconds time(Prepared& prepared, int repeats) override {
    const Seconds time = once(prepared) * repeats * noise_.factor();
    clock_.advance(time);
    return time;
  }
  void enqueue(Prepared& prepared) override { clock_.advance(once(prepared) * noise_.factor()); }
  void mark() override { marks_.push_back(clock_.now()); }
  std::vector<Seconds> synchronize() override {
    const std::vector<Seconds> marks = std::exchange(marks_, {});
    std::vector<Seconds> times;
    for (const Seconds mark : marks) times.push_back(mark - marks.front());
    return times;
  }
  // The load executes for as long as the clock moves; it slows nothing down.
  std::unique_ptr<BackgroundLoad> run_in_background(Prepared& prepared) override {
    return std::make_unique<FakeLoad>(clock_, once(prepared));
  }
  Telemetry& telemetry() override { return *telemetry_; }
  std::vector<float> result(Prepared&) override { return {}; }
  void flush_cache() override { ++flushes; }

  Formula formula;
  std::string name = "NVIDIA H100 80GB HBM3";
  std::function<std::string(const Op&)> unsupported = [](const Op&) { return ""; };
  int flushes = 0;

 private:
  Seconds once(const Prepared& prepared) const {
    if (const auto* host = dynamic_cast<const PreparedHostOp*>(&prepared)) {
      return formula.launch + work(host->op).bytes / formula.link;
    }
    return formula.time(dynamic_cast<const PreparedOp&>(prepared).op);
  }

  FakeClock& clock_;
  FakeNoise noise_;
  std::vector<Seconds> marks_;
  std::unique_ptr<Telemetry> telemetry_ = no_telemetry("a fake has no sensors");
};

class FakeCommunicator final : public Communicator {
 public:
  struct Formula {
    Seconds latency{10e-6};
    Bandwidth bus{370e9};
    Seconds time(Collective collective, int ranks, Bytes message) const {
      return latency + message / bus * bus_factor(collective, ranks);
    }
  };
  struct PreparedMessage : Prepared {
    PreparedMessage(Collective what, Bytes bytes) : collective(what), message(bytes) {}
    Collective collective;
    Bytes message;
    int started = 0;
  };

  FakeCommunicator(FakeClock& clock, int ranks) : clock_(clock), ranks_(ranks) {}
  // The one of all ranks, which can be split.
  FakeCommunicator(FakeClock& clock, Session& session)
      : clock_(clock), ranks_(session.size()), session_(&session) {}
  std::string_view name() const override { return "fake"; }
  std::vector<std::pair<std::string, std::string>> libraries() const override { return {{"fakeccl", "2"}}; }
  std::string why_unsupported(Collective collective) const override { return unsupported(collective); }
  std::unique_ptr<Prepared> prepare(Collective collective, Bytes message, DataType) override {
    return std::make_unique<PreparedMessage>(collective, message);
  }
  Bytes message(const Prepared& prepared) const override {
    return dynamic_cast<const PreparedMessage&>(prepared).message;
  }
  Seconds time(Prepared& prepared, int repeats) override {
    const auto& what = dynamic_cast<PreparedMessage&>(prepared);
    const Seconds time = formula.time(what.collective, ranks_, what.message) * repeats;
    clock_.advance(time);
    return time;
  }
  using Communicator::start;
  void start(Prepared& prepared, int repeats) override {
    dynamic_cast<PreparedMessage&>(prepared).started = repeats;
  }
  // As if nothing had been computed meanwhile.
  Seconds wait(Prepared& prepared) override {
    return time(prepared, dynamic_cast<PreparedMessage&>(prepared).started);
  }
  std::unique_ptr<Communicator> split(int color, int key) override;
  std::string verify(Prepared& prepared) override {
    const auto& what = dynamic_cast<PreparedMessage&>(prepared);
    return wrong(what.collective, what.message);
  }

  Formula formula;
  std::function<std::string(Collective)> unsupported = [](Collective) { return ""; };
  std::function<std::string(Collective, Bytes)> wrong = [](Collective, Bytes) { return ""; };

 private:
  FakeClock& clock_;
  int ranks_;
  Session* session_ = nullptr;
};

inline std::unique_ptr<Communicator> FakeCommunicator::split(int color, int key) {
  const std::unique_ptr<Session> part = session_ == nullptr ? nullptr : session_->split(color, key);
  if (part == nullptr) return nullptr;
  auto communicator = std::make_unique<FakeCommunicator>(clock_, part->size());
  communicator->formula = formula;
  communicator->unsupported = unsupported;
  communicator->wrong = wrong;
  return communicator;
}

}  // namespace traincast
