#include "kernels/telemetry.h"

#include <utility>

namespace traincast {
namespace {

class NoTelemetry final : public Telemetry {
 public:
  explicit NoTelemetry(std::string why) : why_(std::move(why)) {}
  std::string why_unavailable() const override { return why_; }
  TelemetrySample sample() override { return {}; }

 private:
  std::string why_;
};

}  // namespace

std::unique_ptr<Telemetry> no_telemetry(std::string why) {
  return std::make_unique<NoTelemetry>(std::move(why));
}

}  // namespace traincast
