#include "host/cli/arguments.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "host/base/errors.h"
#include "host/config/json.h"
#include "mpi/session.h"

namespace traincast {
namespace {

template <typename T>
T parsed(std::string_view option, const std::string& text, T min, T max, const std::string& kind) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  // The comparisons are false for NaN.
  if (!whole || !(value >= min && value <= max)) {
    std::string low = std::to_string(min);
    std::string high = std::to_string(max);
    if constexpr (std::is_floating_point_v<T>) {
      low = shortest(min);
      high = shortest(max);
    }
    throw UsageError("--" + std::string(option) + " " + text + " is not accepted; accepted: " + kind +
                     " from " + low + " to " + high);
  }
  return value;
}

}  // namespace

const OptionSpec& Arguments::spec(std::string_view option) const {
  for (const OptionSpec& spec : options_) {
    if (spec.name == option) return spec;
  }
  throw std::logic_error("the command " + command_ + " does not declare --" + std::string(option));
}

void Arguments::refuse(std::initializer_list<std::string_view> options) const {
  for (const std::string_view option : options) {
    if (!given(option)) continue;
    throw UsageError("traincast " + command_ + " " + positional_.front() + " has no use for --" +
                     std::string(option) + "; see traincast help " + command_);
  }
}

bool Arguments::given(std::string_view option) const {
  spec(option);
  return given_.find(option) != given_.end();
}

std::string Arguments::text(std::string_view option) const {
  const OptionSpec& declared = spec(option);
  const auto found = given_.find(option);
  return found == given_.end() ? std::string(declared.fallback) : found->second.back();
}

std::vector<std::string> Arguments::all(std::string_view option) const {
  spec(option);
  const auto found = given_.find(option);
  return found == given_.end() ? std::vector<std::string>{} : found->second;
}

std::vector<std::string> Arguments::list(std::string_view option) const {
  const OptionSpec& declared = spec(option);
  const auto found = given_.find(option);
  std::vector<std::string> items;
  const auto split = [&](std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(','), text.size());
      if (end == 0) throw UsageError("--" + std::string(option) + " has an empty item between commas");
      items.emplace_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  };
  if (found == given_.end()) {
    split(declared.fallback);
  } else {
    for (const std::string& text : found->second) split(text);
  }
  return items;
}

std::int64_t Arguments::count(std::string_view option, std::int64_t min, std::int64_t max) const {
  return parsed<std::int64_t>(option, text(option), min, max, "a whole number");
}

double Arguments::number(std::string_view option, double min, double max) const {
  return parsed<double>(option, text(option), min, max, "a number");
}

double Arguments::quantity_si(std::string_view option, Dimension dimension) const {
  try {
    return parse_quantity(text(option), dimension);
  } catch (const UnitError& error) {
    throw UsageError("--" + std::string(option) + ": " + error.what());
  }
}

bool Arguments::speaks() const {
  return session_ == nullptr || session_->rank() == 0;
}

Session& Arguments::session() const {
  if (session_ == nullptr) throw std::logic_error("the command " + command_ + " does not declare ranks");
  return *session_;
}

}  // namespace traincast
