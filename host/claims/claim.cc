#include "host/claims/claim.h"

#include <set>

#include "host/base/file.h"
#include "host/claims/formula.h"
#include "host/config/reader.h"

namespace traincast {
namespace {

ClaimedRange read_range(Reader reader) {
  ClaimedRange range;
  range.low = reader.number("low", -kMaxNumber);
  range.high = reader.number("high", -kMaxNumber);
  if (range.low > range.high) reader.fail("low", "the low figure is above the high one");
  return range;
}

Computation read_computation(Reader& reader, const std::string& unit) {
  static const std::vector<std::string_view> kFormulas = formula_names();
  Computation computation;
  computation.where = reader.where("formula");
  computation.formula = kFormulas[reader.choice<std::size_t>("formula", kFormulas)];
  computation.inputs = reader.text_map_or_none("inputs");
  computation.unit = reader.text_or("in", unit);
  if (reader.has("one")) computation.one = reader.text("one");
  return computation;
}

// Only what is in the unit of a testable claim can be judged against it.
void check_judged(const Reader& reader, const Claim& claim) {
  if (!claim.also.back().judged) return;
  if (!claim.computation || !claim.limits() || !claim.not_testable.empty() ||
      claim.also.back().computation.unit != claim.computation->unit) {
    reader.fail("judged", "the claim is not testable, or in another unit; accepted: false");
  }
}

Claim read_claim(Reader& reader) {
  Claim claim;
  claim.id = reader.text("id");
  claim.subject = reader.text("subject");
  claim.quote = reader.text("quote");
  claim.gloss = reader.text("gloss");
  claim.quantity = reader.text("quantity");
  claim.claimed = reader.text_or("claimed", "");
  claim.unit = reader.text_or("unit", "");
  claim.sense = reader.choice_or<Sense>("sense", kSenseNames, Sense::equal);
  if (auto range = reader.object_if("range")) claim.range = read_range(*range);
  if (auto bound = reader.object_if("bound")) claim.bound = read_range(*bound);
  claim.tested = reader.text_or("tested", claim.gloss);
  claim.not_testable = reader.text_or("not_testable", "");
  if (reader.has("formula")) claim.computation = read_computation(reader, claim.unit);
  if (reader.has("also")) {
    for (Reader& side : reader.objects("also")) {
      const std::string what = side.text("what");
      const bool judged = side.boolean_or("judged", false);
      claim.also.push_back({what, judged, read_computation(side, claim.unit)});
      check_judged(side, claim);
    }
  }
  claim.depends = reader.text("depends");
  claim.from = reader.provenance();
  if (claim.not_testable.empty() && (!claim.computation || !claim.limits())) {
    reader.fail("id", claim.id +
                          " can be tested by nothing; accepted: \"formula\" with \"range\" or \"bound\", or "
                          "the reason in \"not_testable\"");
  }
  return claim;
}

}  // namespace

std::vector<Claim> read_claims(std::string_view text, const std::string& file) {
  Reader root = Reader::from_text(text, file);
  root.provenance();
  std::vector<Claim> claims;
  std::set<std::string> ids;
  for (Reader& reader : root.objects("claims")) {
    claims.push_back(read_claim(reader));
    if (!ids.insert(claims.back().id).second) reader.fail("id", claims.back().id + " stands here twice");
  }
  root.finish();
  return claims;
}

std::vector<Claim> load_claims(const ConfigStore& store) {
  const std::filesystem::path file = store.root() / "claims" / "claims.json";
  return read_claims(read_file(file), file.string());
}

}  // namespace traincast
