#include "tests/unit/schemas/json_schema.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <stdexcept>

namespace traincast {
namespace {

using Json = nlohmann::json;

bool has_type(const Json& value, const std::string& type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  throw std::logic_error("unknown type " + type);
}

// Compiled once: configs have many quantities of few kinds.
const std::regex& compiled(const std::string& pattern) {
  static std::map<std::string, std::regex> known;
  const auto found = known.find(pattern);
  return found != known.end() ? found->second : known.emplace(pattern, std::regex(pattern)).first->second;
}

class Checker {
 public:
  explicit Checker(const Json& root) : root_(root) {}

  void check(const Json& schema, const Json& value, const std::string& at) {
    if (schema.is_boolean()) {
      if (!schema.get<bool>()) complain(at, "nothing is accepted here");
      return;
    }
    for (const auto& [keyword, rule] : schema.items()) check_keyword(schema, keyword, rule, value, at);
  }
  std::vector<std::string> errors;

 private:
  void complain(const std::string& at, const std::string& what) { errors.push_back(at + ": " + what); }
  bool accepts(const Json& schema, const Json& value) const {
    Checker inner(root_);
    inner.check(schema, value, "");
    return inner.errors.empty();
  }

  void check_keyword(const Json& schema, const std::string& keyword, const Json& rule, const Json& value,
                     const std::string& at) {
    static const std::set<std::string> kNoRules = {"$schema", "title", "description",
                                                   "$defs",   "then",  "else"};
    if (kNoRules.contains(keyword)) return;
    if (keyword == "$ref")
      return check(root_.at(Json::json_pointer(rule.get<std::string>().substr(1))), value, at);
    if (check_combination(schema, keyword, rule, value, at)) return;
    if (check_container(schema, keyword, rule, value, at)) return;
    if (!check_plain(keyword, rule, value, at)) throw std::logic_error("unknown keyword " + keyword);
  }

  bool check_combination(const Json& schema, const std::string& keyword, const Json& rule, const Json& value,
                         const std::string& at) {
    if (keyword == "allOf") {
      for (const Json& part : rule) check(part, value, at);
    } else if (keyword == "anyOf") {
      const bool any =
          std::any_of(rule.begin(), rule.end(), [&](const Json& part) { return accepts(part, value); });
      if (!any) complain(at, "none of the alternatives accepts it");
    } else if (keyword == "if") {
      const char* branch = accepts(rule, value) ? "then" : "else";
      if (schema.contains(branch)) check(schema.at(branch), value, at);
    } else {
      return false;
    }
    return true;
  }

  bool check_container(const Json& schema, const std::string& keyword, const Json& rule, const Json& value,
                       const std::string& at) {
    if (keyword == "required") {
      for (const Json& key : rule) {
        if (value.is_object() && !value.contains(key.get<std::string>())) complain(at, "lacks " + key.dump());
      }
    } else if (keyword == "properties") {
      for (const auto& [key, part] : rule.items()) {
        if (value.is_object() && value.contains(key)) check(part, value.at(key), at + "/" + key);
      }
    } else if (keyword == "additionalProperties") {
      if (!value.is_object()) return true;
      for (const auto& [key, member] : value.items()) {
        const bool listed = schema.contains("properties") && schema.at("properties").contains(key);
        if (!listed) check(rule, member, at + "/" + key);
      }
    } else if (keyword == "items") {
      for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
        check(rule, value[i], at + "/" + std::to_string(i));
      }
    } else {
      return false;
    }
    return true;
  }

  bool check_plain(const std::string& keyword, const Json& rule, const Json& value, const std::string& at) {
    bool ok = true;
    if (keyword == "type") {
      const std::vector<std::string> types = rule.is_string()
                                                 ? std::vector<std::string>{rule.get<std::string>()}
                                                 : rule.get<std::vector<std::string>>();
      ok = std::any_of(types.begin(), types.end(),
                       [&](const std::string& type) { return has_type(value, type); });
    } else if (keyword == "const") {
      ok = value == rule;
    } else if (keyword == "enum") {
      ok = std::find(rule.begin(), rule.end(), value) != rule.end();
    } else if (keyword == "minimum") {
      ok = !value.is_number() || value.get<double>() >= rule.get<double>();
    } else if (keyword == "exclusiveMinimum") {
      ok = !value.is_number() || value.get<double>() > rule.get<double>();
    } else if (keyword == "maximum") {
      ok = !value.is_number() || value.get<double>() <= rule.get<double>();
    } else if (keyword == "minLength") {
      ok = !value.is_string() || value.get<std::string>().size() >= rule.get<std::size_t>();
    } else if (keyword == "minItems") {
      ok = !value.is_array() || value.size() >= rule.get<std::size_t>();
    } else if (keyword == "pattern") {
      ok = !value.is_string() ||
           std::regex_search(value.get<std::string>(), compiled(rule.get<std::string>()));
    } else {
      return false;
    }
    if (!ok) complain(at, value.dump().substr(0, 60) + " breaks " + keyword + " " + rule.dump());
    return true;
  }

  const Json& root_;
};

}  // namespace

std::vector<std::string> schema_errors(const Json& schema, const Json& value) {
  Checker checker(schema);
  checker.check(schema, value, "");
  return checker.errors;
}

}  // namespace traincast
