// What to measure: which operations and messages, by device and effort. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "host/base/collective.h"
#include "host/base/host_op.h"
#include "host/base/op.h"
#include "host/base/units.h"
#include "host/measure/sampler.h"
#include "host/model/run.h"

namespace traincast {

// The parts of a measurement. `runs` are the exact shapes of training runs.
// `host`: launches, and copies between host and device; `interference`: messages and a GEMM at once.
enum class Section { gemm, attention, memory, host, runs, collectives, interference };
inline constexpr int kSections = 7;
std::string_view name(Section section);

// After so long no further point of the section begins, less those that are the first of their kind.
Seconds section_budget(Section section, Effort effort);
// An operation that takes longer once is not measured.
Seconds longest_execution(Effort effort);

struct SweepDevice {
  bool accelerator = false;  // else a CPU: small shapes, in formats that it computes in
  Bytes memory;              // that one operation or message of one rank may take
};

// Each list begins with one of each kind and is ordered so that a prefix of it covers all kinds alike.
std::vector<Op> gemm_sweep(const SweepDevice& device, Effort effort);  // grouped ones too
std::vector<Op> attention_sweep(const SweepDevice& device, Effort effort);
std::vector<Op> memory_sweep(const SweepDevice& device, Effort effort);

struct Message {
  Collective collective = Collective::all_reduce;
  Bytes size;  // as host/base/collective.h defines it
  DataType dtype = DataType::bf16;
};
// Coarse first, over the whole range, then what lies between: a spent budget leaves a coarser range and not a
// shorter one. Those that do not fit too, because that they do not is a row with the reason.
std::vector<Message> collective_sweep(const SweepDevice& device, Effort effort);
// Of a few sizes, to be sent beside interfering_gemm().
std::vector<Message> interference_sweep(const SweepDevice& device, Effort effort);
Op interfering_gemm(const SweepDevice& device, Effort effort);
// What one rank needs for a message: its input and its output.
Bytes message_memory(const Message& message);

std::vector<HostOp> host_sweep(const SweepDevice& device, Effort effort);

// Keeps all of the device's arithmetic busy: what it is soaked with.
Op soaking_gemm(const SweepDevice& device);

// Every GEMM, grouped GEMM and attention that one GPU executes in a step of the run, each once, in the order
// of its layers.
std::vector<Op> ops_of_run(const Run& run);

// The same of several runs, each op once, cheapest first.
std::vector<Op> ops_of_runs(const std::vector<Run>& runs);

}  // namespace traincast
