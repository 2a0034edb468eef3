#include "host/claims/check.h"
#include "host/cli/command.h"
#include "host/cli/output.h"

namespace traincast {
namespace {

int run_claims(const Arguments& arguments) {
  const ConfigStore store = open_configs(arguments);
  const std::vector<Claim> claims = load_claims(store);
  Evidence evidence(store);
  emit(arguments, claims_report(check_claims(claims, arguments.list("only"), evidence)));
  return 0;
}

}  // namespace

extern const CommandSpec kClaimsCommand;
const CommandSpec kClaimsCommand{
    .name = "claims",
    .summary = "check what news of 2024 said of the Memphis cluster, Grok and GPT-4",
    .details =
        "Each claim with its quotation, what the model says of the same figure, the interval of that, and a\n"
        "verdict: supported, overstated, understated, contradicted, or not testable. The rule is printed "
        "below\n"
        "the table. configs/claims holds the claims and the facts that no other config has.",
    .example = "traincast claims --only A05,E05 --format md",
    .options = {{"only", "LIST", "ids of claims, such as A01,E05; all where not given", ""}},
    .positional = {},
    .ranks = Ranks::one,
    .run = run_claims};

}  // namespace traincast
