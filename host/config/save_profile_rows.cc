#include <variant>

#include "host/config/json_line.h"
#include "host/config/profile_rows.h"

namespace traincast {
namespace {

struct OpLine {
  Line& line;
  void operator()(const Gemm& g) const {
    line.text("dtype", name(g.dtype)).text("layout", name(g.layout));
    line.count("m", g.m).count("n", g.n).count("k", g.k);
    if (g.batch != 1) line.count("batch", g.batch);
  }
  void operator()(const GroupedGemm& g) const {
    line.text("dtype", name(g.dtype)).text("layout", name(g.layout)).count("groups", g.groups);
    line.count("m", g.m).count("n", g.n).count("k", g.k);
  }
  void operator()(const Attention& a) const {
    line.text("dtype", name(a.dtype)).text("pass", name(a.pass)).count("batch", a.batch);
    line.count("query_length", a.query_length).count("kv_length", a.kv_length).count("heads", a.heads);
    line.count("kv_heads", a.kv_heads).count("head_dim", a.head_dim).count("value_dim", a.value_dim);
    line.flag("causal", a.causal);
  }
  void operator()(const MemoryBound& op) const {
    line.text("kind", name(op.kind)).text("dtype", name(op.dtype));
    line.count("rows", op.rows).count("columns", op.columns);
  }
};

void add_timing(Line& line, const Timing& timing) {
  if (!timing.skipped.empty()) {
    line.text("skipped", timing.skipped);
    return;
  }
  line.number("median_s", timing.median.value());
  line.numbers("samples_s", timing.samples_s).numbers("rank_medians_s", timing.rank_medians_s);
}

void add_state(Line& line, const DeviceState& state) {
  if (state.clock) line.number("clock_hz", state.clock->value());
  if (state.power) line.number("power_w", state.power->value());
  if (state.temperature_c) line.number("temperature_c", *state.temperature_c);
  line.texts("throttle", state.throttle);
}

}  // namespace

std::string profile_line(const OpRow& row) {
  Line line;
  line.text("op", op_class(row.op));
  std::visit(OpLine{line}, row.op);
  add_timing(line, row.timing);
  if (row.sustained) line.flag("sustained", true);
  line.text_if("algorithm", row.algorithm).number_if("best_s", row.best.value());
  line.text_if("best_algorithm", row.best_algorithm);
  line.text_if("during", row.during).number_if("slowdown", row.slowdown);
  add_state(line, row.state);
  return line.str();
}

std::string profile_line(const CollectiveRow& row) {
  Line line;
  line.text("collective", name(row.collective)).number("message_bytes", row.message.value());
  line.text("dtype", name(row.dtype)).count("ranks", row.ranks).count("nodes", row.nodes);
  line.text_if("tier", row.tier);
  if (row.groups != 1) line.count("groups", row.groups);
  if (row.in_place) line.flag("in_place", true);
  line.text_if("algorithm", row.algorithm).text_if("protocol", row.protocol);
  if (row.channels != 0) line.count("channels", row.channels);
  line.number_if("estimated_s", row.estimate.value());
  if (row.verified) line.flag("verified", true);
  line.text_if("during", row.during).number_if("slowdown", row.slowdown);
  add_timing(line, row.timing);
  add_state(line, row.state);
  return line.str();
}

std::string profile_line(const HostOpRow& row) {
  Line line;
  line.text("op", op_class(row.op));
  if (const auto* copy = std::get_if<HostCopy>(&row.op)) {
    line.text("direction", name(copy->direction)).count("bytes", copy->bytes);
  }
  add_timing(line, row.timing);
  add_state(line, row.state);
  return line.str();
}

std::string profile_line(const StorageRow& row) {
  Line line;
  line.text("folder", row.folder).count("writers", row.writers).count("nodes", row.nodes);
  line.number("bytes", row.bytes.value());
  add_timing(line, row.timing);
  line.numbers("node_byte_per_s", row.node_byte_per_s);
  return line.str();
}

std::string profile_line(const SlowDevice& row) {
  Line line;
  line.count("rank", row.rank).text_if("host", row.host).text_if("device", row.device);
  return line.number("slowdown", row.slowdown).number("limit", row.limit).str();
}

std::string profile_line(const PassProgress& row) {
  Line line;
  line.text("pass", row.pass).count("points", row.points).count("of", row.of);
  return line.number("spent_s", row.spent.value()).str();
}

}  // namespace traincast
