// The result of a check as tables: measured beside predicted, op class by op class.
#pragma once

#include "host/base/table.h"
#include "host/check/check.h"

namespace traincast {

Report check_report(const CheckResult& result);

}  // namespace traincast
