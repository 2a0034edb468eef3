#include "host/measure/measure.h"

#include "host/base/errors.h"
#include "host/measure/passes.h"
#include "host/measure/resume.h"

namespace traincast {

Measurement measure(Backend& backend, Communicator& communicator, Session& session,
                    const MeasureOptions& options, const Progress& progress) {
  Measurement result{.profile = describe_machine(backend.info(), communicator, session, options),
                     .failures = {}};
  if (options.earlier) {
    if (const std::string why = why_not_resumable(*options.earlier, result.profile); !why.empty()) {
      throw ConfigError("cannot go on with " + options.earlier->name + ": " + why);
    }
    result.profile = *options.earlier;
  }
  Passes passes(backend, communicator, session, options, progress, result.profile);
  passes.all();
  for (const CollectiveRow& row : result.profile.collectives) {
    if (!row.timing.skipped.starts_with(kWrongResult)) continue;
    result.failures.push_back(row.timing.skipped.substr(kWrongResult.size()));
  }
  return result;
}

}  // namespace traincast
