// What was typed, checked against what the command declares. Reading an option that was not declared is a
// std::logic_error; a value that is not accepted a UsageError.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/units.h"

namespace traincast {

struct OptionSpec {
  std::string_view name;                       // without the dashes
  std::string_view value_name;                 // "FILE"; "" for a flag
  std::string_view help;                       // one line, no full stop
  std::string_view fallback;                   // the value where it is not given; "" for none
  std::vector<std::string_view> choices = {};  // accepted values; none: any
};

class Session;

class Arguments {
 public:
  using Values = std::map<std::string, std::vector<std::string>, std::less<>>;
  // `given` has an entry for each option typed; `options` are all that may be asked for.
  Arguments(std::string command, std::vector<OptionSpec> options, Values given,
            std::vector<std::string> positional)
      : command_(std::move(command)),
        options_(std::move(options)),
        given_(std::move(given)),
        positional_(std::move(positional)) {}

  const std::string& command() const { return command_; }
  const std::vector<std::string>& positional() const { return positional_; }

  bool given(std::string_view option) const;  // typed, rather than its fallback
  // Throws UsageError where one of them is given: the first positional word, a kind, has no use for it.
  void refuse(std::initializer_list<std::string_view> options) const;
  bool flag(std::string_view option) const { return given(option); }
  // The last value typed, or the fallback.
  std::string text(std::string_view option) const;
  // Every value typed, in order and as typed.
  std::vector<std::string> all(std::string_view option) const;
  // "a,b" and repetitions, in order; none where there is neither value nor fallback.
  std::vector<std::string> list(std::string_view option) const;
  std::int64_t count(std::string_view option, std::int64_t min, std::int64_t max) const;
  double number(std::string_view option, double min, double max) const;
  template <typename Q>
  Q quantity(std::string_view option) const {
    return Q(quantity_si(option, Q::kDimension));
  }

  bool speaks() const;  // rank 0, or the only one: whose results and remarks are printed
  // All ranks of the job, where the command declares `ranks` (see command.h).
  Session& session() const;
  void set_session(Session* session) { session_ = session; }

 private:
  const OptionSpec& spec(std::string_view option) const;
  double quantity_si(std::string_view option, Dimension dimension) const;

  std::string command_;
  std::vector<OptionSpec> options_;
  Values given_;
  std::vector<std::string> positional_;
  Session* session_ = nullptr;
};

}  // namespace traincast
