// The one strict reader of config files. Every complaint is a ConfigError of one line:
//   configs/gpus/h100-sxm.json#/memory/bandwidth: unknown unit "TBps"; accepted: a number and one of B/s ...
//   (the file as given)      #(JSON pointer)    : what is wrong; accepted: ...
// A loader asks for each key that it knows and then calls finish(), which refuses every other key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/origin.h"
#include "host/base/units.h"

namespace traincast {

inline constexpr std::int64_t kMaxCount = 1'000'000'000;
inline constexpr double kMaxNumber = std::numeric_limits<double>::max();

struct JsonValue;

enum class Zero { refused, allowed };  // negative quantities are always refused

// One JSON object. Copies are cheap and read the same object. A getter without "_or" throws where the key is
// missing; one with "_or" gives the fallback (and checks nothing about it).
class Reader {
 public:
  static Reader from_file(const std::filesystem::path& path);
  static Reader from_text(std::string_view text, const std::string& file);
  static Reader from_value(std::shared_ptr<const JsonValue> root, const std::string& file);

  bool has(std::string_view key);  // also makes the key a known one

  Reader object(std::string_view key);
  std::optional<Reader> object_if(std::string_view key);
  std::vector<Reader> objects(std::string_view key);  // a list of objects; missing: an error

  // Whole numbers, written without fraction or exponent, from min to max.
  std::int64_t count(std::string_view key, std::int64_t min = 1, std::int64_t max = kMaxCount);
  std::int64_t count_or(std::string_view key, std::int64_t fallback, std::int64_t min = 1,
                        std::int64_t max = kMaxCount);
  // Plain numbers (ratios, and SI values that programs write), from min to max.
  double number(std::string_view key, double min, double max = kMaxNumber);
  double number_or(std::string_view key, double fallback, double min, double max = kMaxNumber);
  std::vector<double> numbers_or_none(std::string_view key, double min, double max = kMaxNumber);
  // Texts with units.
  template <typename Q>
  Q quantity(std::string_view key, Zero zero = Zero::refused) {
    return Q(quantity_si(key, Q::kDimension, zero));
  }
  // Of a dimension that only the file tells, in SI.
  double quantity_si(std::string_view key, Dimension dimension, Zero zero = Zero::refused);
  template <typename Q>
  Q quantity_or(std::string_view key, Q fallback, Zero zero = Zero::refused) {
    return has(key) ? quantity<Q>(key, zero) : fallback;
  }
  bool boolean(std::string_view key);
  bool boolean_or(std::string_view key, bool fallback);
  std::string text(std::string_view key);  // not empty
  std::string text_or(std::string_view key, std::string_view fallback);
  std::vector<std::string> texts_or_none(std::string_view key);
  // An object of texts (which may be empty), such as {"cuBLASLt": "13.0.2"}, in the order written.
  std::vector<std::pair<std::string, std::string>> text_map_or_none(std::string_view key);
  // One of `names`; its index is the enumerator.
  template <typename Enum>
  Enum choice(std::string_view key, std::span<const std::string_view> names) {
    return static_cast<Enum>(choice_index(key, names));
  }
  template <typename Enum>
  Enum choice_or(std::string_view key, std::span<const std::string_view> names, Enum fallback) {
    return has(key) ? choice<Enum>(key, names) : fallback;
  }

  // "origin" and "source" of this object, each inherited from the enclosing object where absent; the
  // outermost object must have both.
  Provenance provenance() const;

  // Refuses keys that nobody asked for, here and in every object opened from here. Every object may also have
  // "$schema", "notes" (a text or a list of texts), "origin" and "source".
  void finish() const;

  // Keys asked for so far, here and in every object opened from here, whose values are neither objects nor
  // lists: JSON pointers from this object ("/network/efficiency"). A null value: the file lacks the key.
  struct Asked {
    std::string pointer;
    const JsonValue* value = nullptr;
  };
  std::vector<Asked> asked() const;

  const std::string& file() const;
  std::string where(std::string_view key = "") const;  // FILE#/pointer, of this object or of a key in it
  [[noreturn]] void fail(std::string_view key, const std::string& what) const;

 private:
  struct Node;
  explicit Reader(std::shared_ptr<Node> node) : node_(std::move(node)) {}
  std::size_t choice_index(std::string_view key, std::span<const std::string_view> names);

  std::shared_ptr<Node> node_;
};

}  // namespace traincast
