"""Constants that may be wrong without a test noticing, each with its reason. Named by file and by a piece of its line, so
that they survive edits elsewhere; a line that is no longer there is an error."""

# reason: [(file, piece of the line), or (file, piece of the line, literal), or (..., which of those in the line)]
EXCEPTIONS = {
    "no effect: cancels, or is never used": [
        ("host/base/collective.cc", '{"send_recv", 1, false}', "1"),  # passes count where ranks share a message
        ("host/calibrate/rank_spread.cc", "squares += (value / mean - 1) * (value / mean - 1)"),  # deviations add to 0
        ("host/claims/evaluate.cc", "at(-1, Level::value)"),  # any number below 0 moves no input
        ("host/model/collectives.cc", "double overlap = 1;"),  # where nothing sets it there are no steps to hide
        ("host/model/collectives.cc", "std::ilogb(std::max(bytes, 1.0))"),
        ("host/model/kernel_curves_field.cc", "const std::uint32_t middle"),  # where a tree is cut: speed alone
        ("host/model/kernel_curves_roofline.h", "extent{1, 1, 1}"),  # its half is 0 where nothing sets it
        ("host/model/power.cc", "{&any, 1}"),  # the length of a span
        ("host/model/power.cc", "{&wanted, 1}"),
        ("host/model/power.cc", "double high = 1;"),  # a bisection's upper end: the answer lies below
        ("host/model/simulate_pipeline.cc", "constexpr double kNotYet"),
        ("host/model/phases_walk.cc", "gpus_ = -1;  // it starts again"),
        ("host/model/stages.cc", "(model.is_moe_layer(layer) ? 2U : 0U)"),  # places in a table of its own
        ("host/model/step.cc", "double most = -1;"),
        ("host/model/mixed_fleet.cc", "std::int64_t high = most + 1;"),  # a bisection's upper end
        ("host/model/kernel_curves.h", "curves_{1}"),
        ("host/search/evaluator.cc", "choice_.micro_batch = 1;"),
        ("host/search/evaluator.cc", "plan_.micro_batch = 1;"),
        ("host/search/evaluator.cc", "double shared_step = -1"),
        ("host/search/gates.h", "GateMask{1} <<"),
        ("host/search/memory_terms.cc", "reference.micro_batch = 1;"),
        ("host/search/pipeline_runs.cc", "Schedule::zb_h1, layout.pipeline(), 1, m"),
        ("host/search/pipeline_runs.cc", "out.busiest = -1;"),
        ("host/model/straggler.cc", "0.001308", "0.001308"),  # starts of a step on the exact distribution, which takes the rest off
        ("host/risk/uncertainty_distribution.cc", "2.515517"),
        ("host/risk/uncertainty_design.cc", "(round << 40)"),  # which random numbers, not how they are spread
        ("host/risk/uncertainty_design.cc", "2 * coordinate", "2"),
        ("host/risk/uncertainty_design.cc", "2 * coordinate + 1", "1"),
        ("host/risk/uncertainty_design.cc", "bits) + 0.5)", "0.5"),  # above 0: of 2^53
        ("host/risk/uncertainty_design.cc", "const int half ="),
        ("host/risk/published_reliability.cc", "TokenRate(1)"),  # cancels in shares of the time
        ("host/risk/published_reliability.cc", "known.gpus, 1, known.checkpoint"),  # no set of theirs goes by replica
        ("host/risk/histories.cc", "h.finished ? 1.0"),  # any number but 0
        ("host/search/evaluator.cc", "if (zero_[i].zero < 3) shared_step"),  # plans of ZeRO-3 come last
        ("host/search/layer_table.cc", "(moe ? 2U : 0U)"),  # places in a table of its own
        ("host/search/stage_layout.cc", "(model.is_moe_layer(layer) ? 2U : 0U)"),
        ("host/search/memory_terms.cc", "share : 1)"),  # below that stage the rest of the memory has it
        ("host/search/pipeline_runs.cc", "layout.pipeline(), 1, micro_batches"),  # DualPipe has no virtual stages
        ("host/calibrate/fabric_fit.cc", "kPerLink"),  # places in a table of its own
        ("host/calibrate/fleet_step.cc", "1 / estimate(i"),  # speeds count by their proportion
        ("host/calibrate/fleet_step.cc", ": 1);"),
        ("host/calibrate/forecast.cc", "fleets, 1, unequal"),  # above the full clock is the full clock
        ("host/model/phases_walk.cc", "pieces.size() == 1 ? 1"),  # shares of what is left
        ("host/risk/deadline.cc", "std::int64_t high = deadline.by.day + 1;"),  # a bisection's upper end
    ],
    "a shape that only names a kind of operation": [
        ("host/calibrate/curves.cc", "add(Gemm{.m = 1, .n = 1, .k = 1"),
        ("host/calibrate/curves.cc", ".groups = 1, .m = 1, .n = 1, .k = 1"),
        ("host/calibrate/curves_stand_in.cc", "const Gemm dense{.m = 1, .n = 1, .k = 1"),
        ("host/calibrate/system_times.cc", "MemoryBound{MemoryKind::copy, 65536, 8192"),  # large: the plateau
    ],
    "between whole numbers: no count is as much as 5 % above": [
        ("host/calibrate/system.cc", "fabric.gpus_per_node <= 8"),  # no node has nine GPUs
        ("host/base/date.cc", "kLastDay + 1 - date.day"),
        ("host/model/shard.cc", "whole_gradients(plan) > 0 ? 1"),
        ("host/model/history.cc", "return in.replicas.count >= 2;"),
        ("host/model/layer.cc", "constexpr std::int64_t kNode = 8"),
        ("host/search/space.cc", "std::min<std::int64_t>(gpus, 4096)", "4096"),  # powers of two
        ("host/search/space.cc", "powers_of_two(std::min<std::int64_t>(64,", "64"),
        ("host/model/schedule_time.cc", "if (ranks_ <= 2)"),
        ("host/model/collectives_terms.cc", "s.nodes <= 2 ? 2 * s.bus", "2", 0),
    ],
    "a tolerance, or a guard against 0, infinity and what has no end": [
        ("host/calibrate/curves_fit.cc", "std::max(sum, 1e-30)"),
        ("host/calibrate/curves_fit.cc", "std::clamp(x, 1e-30, 1e30)"),
        ("host/calibrate/curves_fit.cc", "constexpr double kFar"),
        ("host/calibrate/curves_fit.cc", "const bool settled"),
        ("host/calibrate/fabric.cc", "const double large = 1e15"),
        ("host/calibrate/fabric.cc", "seconds(1e-6)"),
        ("host/calibrate/fabric_fit.cc", "const bool converged"),
        ("host/model/collectives.cc", "kLargestExponent"),
        ("host/model/collectives_curve.cc", "const double slack"),
        ("host/model/failures.cc", "kLeastEffective"),
        ("host/model/failures.cc", "kSame"),
        ("host/model/parts.cc", "kRounding"),
        ("host/model/history.cc", "kLeastEffective"),
        ("host/model/history.h", "kHorizon"),
        ("host/calibrate/forecast.cc", "std::min(years, 1e15)"),
        ("host/model/history_walk.h", "kMostInterruptions"),
        ("host/model/interruptions.cc", "x / std::expm1(x) : 1"),
        ("host/model/interruptions.cc", "std::min(effective, 1.0)"),
        ("host/model/interruptions.cc", "cycle > 700"),
        ("host/base/golden_section.h", "kRounds"),
        ("host/model/interruptions.cc", "kClose"),
        ("host/model/interruptions.cc", "std::max(shortest.value(), 1e-9)"),
        ("host/model/kernel_curves_field.cc", "constexpr float kSamePlace2"),
        ("host/model/kernel_curves_roofline.cc", "std::max(w.bytes.value(), 1.0)"),
        ("host/model/mixed_fleet.cc", "kRounds"),
        ("host/model/mixed_fleet.cc", "0.5 * (low + high)"),
        ("host/model/mixed_fleet.cc", "std::max<std::int64_t>(1, all_replicas(fleets))"),
        ("host/model/power.cc", "(1 + 1e-12)", "1e-12"),
        ("host/model/straggler_tail.cc", "constexpr double kTail"),
        ("host/model/straggler_tail.cc", "kRounds"),
        ("host/model/straggler_tail.cc", "std::max<std::int64_t>(1, gpus / gpus_per_node)"),
        ("host/risk/deadline.cc", "kBisections"),
        ("host/risk/deadline.cc", "double low = high / 1000;"),
        ("host/risk/deadline.cc", "static_cast<double>(deadline.by.day) + 1"),  # before the first day of all dates
        ("host/risk/deadline.cc", "static_cast<double>(sorted.size()) - 1e-9"),
        ("host/risk/deadline.cc", "std::max(rank, 1.0)", "1.0"),
        ("host/risk/published_reliability.cc", "constexpr Seconds kShortest"),
        ("host/risk/sensitivity.cc", "1e-24"),
        ("host/search/pipeline_runs.cc", "(1 + 1e-12)", "1e-12"),
        ("host/search/run_terms.cc", "kShortest"),
        ("host/search/run_terms.cc", "kLongest"),
        ("host/search/run_terms.cc", "kLeastEffective"),
        ("host/search/search.h", "kMostBroken"),
        ("host/search/answer.cc", "options.own_score ="),
        ("host/search/tasks.cc", "pipeline * chunks > space.run->model.layers + 2"),  # none of them is even
        ("host/risk/sweep.h", "kMostSweepPoints"),
        ("host/risk/sweep_range.cc", "(1 - 1e-9)"),
        ("host/risk/sweep_range.cc", "high_ - 1e-9 * step"),
        ("host/risk/sweep_range.cc", "count.value < 2 ||"),
        ("host/risk/sweep_range.h", "kMostSweepValues"),
        ("host/risk/uncertainty.cc", "constexpr double kLongest"),
        ("host/risk/uncertainty.cc", "estimate * kLongest"),
        ("host/model/power.cc", "kRounds"),
        ("host/model/power.cc", "kAny"),
        ("host/model/power.cc", "1 - schedule.restarting"),  # a bound that shares of one time keep by themselves
        ("host/model/reliability.cc", "kLeastEffective"),
        ("host/model/reliability.cc", "x > 30"),
        ("host/model/reliability.cc", "std::log(m) - 30"),
    ],
    "how work is shared between threads, or how much there is of it where nothing is said": [
        ("host/risk/histories.cc", "kChunk"),
        ("host/risk/histories.cc", "histories / 64"),
        ("host/risk/histories.cc", "hardware_concurrency()"),
        ("host/risk/uncertainty.cc", "hardware_concurrency()"),
        ("host/risk/uncertainty.cc", "work / 256"),
        ("host/risk/uncertainty.h", "draws = 4096"),
        ("host/search/search.h", "top = 10"),
        ("host/search/answer.cc", "kMostTasks"),
    ],
    "for people: digits and columns": [
        ("host/model/phases_walk.cc", "const double percent"),
        ("host/search/answer.cc", "shown == 3"),
        ("host/search/answer.cc", "fixed("),
        ("host/risk/deadline.cc", "std::floor(100 * share + 0.5)"),
        ("host/risk/published_reliability.cc", "plain(100 * value)"),
        ("host/risk/published_reliability.cc", "wrap_width"),
        ("host/risk/sweep_range.cc", "value < 0x1p53"),
        ("host/risk/sweep_range.cc", "std::chars_format::general"),
    ],
    "how a fit or a bisection looks for what lies where it lies": [
        ("host/risk/deadline.cc", "low + (high - low) / 2"),
        ("host/risk/uncertainty_distribution.cc", "x += newton / (1 - 0.5 * x * newton)", "0.5"),
        ("host/calibrate/curves_fit.cc", "constexpr int kIterations"),
        ("host/calibrate/curves_fit.cc", "problem.start"),
        ("host/calibrate/curves_fit.cc", "problem.low"),
        ("host/calibrate/curves_fit.cc", "problem.high"),
        ("host/calibrate/curves_fit.cc", "(1 + damping)"),
        ("host/calibrate/curves_fit.cc", "double damping = 1e-2"),
        ("host/calibrate/curves_fit.cc", "damping < 1e6"),
        ("host/calibrate/curves_fit.cc", "std::clamp(change[j]"),
        ("host/calibrate/curves_fit.cc", "damping / 4"),
        ("host/calibrate/curves_fit.cc", "damping *= 4"),
        ("host/calibrate/curves_fit.cc", "for (const double half"),
        ("host/calibrate/curves_fit.cc", "for (const double rate"),
        ("host/calibrate/curves_fit.cc", "for (const double conversion"),
        ("host/calibrate/curves_fit.cc", "a[i][i] = 1;"),
        ("host/calibrate/curves_fit.cc", "const double weight"),
        ("host/calibrate/fabric_fit.cc", "kMaxSteps"),
        ("host/calibrate/fabric_fit.cc", "kLargestStep"),
        ("host/calibrate/fabric_fit.cc", "double damping = 1e-3"),
        ("host/calibrate/fabric_fit.cc", "damping < 1e12"),
        ("host/calibrate/fabric_fit.cc", "damping * (matrix"),
        ("host/calibrate/fabric_fit.cc", "damping / 5"),
        ("host/calibrate/fabric_fit.cc", "damping *= 8"),
        ("host/calibrate/fabric_fit.cc", "overlap - 1"),  # a derivative
        ("host/calibrate/fabric_fit.cc", "const double weight"),
    ],
    "what a fit holds on to where points say little: weights, spreads and starts": [
        ("host/calibrate/curves_fit.cc", "constexpr double kPrior"),
        ("host/calibrate/curves_fit.cc", "constexpr double kSoft"),
        ("host/calibrate/curves_fit.cc", "2 * kPrior"),
        ("host/calibrate/fabric.cc", "link = {0.7, 0.7, 1.0, 1.0}"),
        ("host/calibrate/fabric.cc", "link.inter_latency = 2"),
        ("host/calibrate/fabric.cc", "link.intra_latency = 1"),
        ("host/calibrate/fabric.cc", "link.bandwidth = 0.9"),
        ("host/calibrate/fabric.cc", "start.offset = Seconds(3e-6)"),
        ("host/calibrate/curves.cc", "kGemmHalf"),
        ("host/calibrate/curves.cc", "kAttentionHalf"),
        ("host/calibrate/fabric_fit.cc", "constexpr double kNoise"),
        ("host/calibrate/fabric_fit.cc", "constexpr double kErrorScale"),
        ("host/calibrate/fabric_fit.cc", "sum += kNoise / kErrorScale"),
        ("host/calibrate/fabric_fit.cc", "sum += weight_[i] / 2"),
        ("host/calibrate/fabric_fit.h", "double bandwidth = 0.5, intra_latency"),
    ],
    "at least one: of what a rank or a node has, which no plan that is accepted goes below": [
        ("host/calibrate/forecast.cc", "std::max<std::int64_t>(1, "),
        ("host/model/layer.cc", "std::max<std::int64_t>(1, model.heads"),
        ("host/model/layer_builder.cc", "std::max<std::int64_t>(1, model_.sequence"),
        ("host/model/memory_layer.cc", "std::max(1.0, static_cast<double>(model.kv_heads)"),
    ],
    "what a config or the facts of a log always give": [
        ("host/calibrate/fabric.h", "gpus_per_node = 8"),
        ("host/calibrate/fabric.h", "nics_per_node = 8"),
        ("host/calibrate/fabric.h", "nic{25e9}"),
        ("host/calibrate/fabric.h", "nvlink{300e9}"),
        ("host/model/cluster.h", "gpus_per_node = 8"),
        ("host/model/cluster.h", "nvlink_domain = 8"),
        ("host/model/gpu.h", "nvlink_domain = 8"),
        ("host/model/memory_layer.h", "double gemm_input_bytes = 2"),
        ("host/search/choice.h", "share_percent = 100"),
        ("host/search/gates.h", "nvlink_domain = 8"),
        ("host/search/memory_terms.h", "gradient_bytes_ = 4"),
    ],
}


class Exceptions:
    def __init__(self, table):
        self.rows = [(reason, *row, *[None] * (4 - len(row))) for reason, rows in table.items() for row in rows]
        self.used = {}

    def cover(self, constant):
        matching = [row for row in self.rows if constant.file == row[1] and row[2] in constant.code
                    and row[3] in (None, constant.text) and row[4] in (None, constant.nth)]
        for row in matching:
            self.used.setdefault(row, [])
        if matching:
            self.used[matching[0]].append(constant)
        return bool(matching)

    def reason(self, constant):
        return next((row[0] for row, covered in self.used.items() if constant in covered), None)

    def unused(self):
        return [f"{row[1]}: {row[2]}" for row in self.rows if row not in self.used]

    def counts(self):
        found = {}
        for row, covered in self.used.items():
            found[row[0]] = found.get(row[0], 0) + len(covered)
        return [f"{n} {reason}" for reason, n in found.items()]
