// What interrupts this run on so many GPUs, what a restart takes there, the best time between checkpoints,
// and the inputs of its histories.
#pragma once

#include <span>

#include "host/model/history.h"
#include "host/model/interruptions.h"
#include "host/model/phases.h"
#include "host/model/reliability.h"
#include "host/model/run.h"

namespace traincast {

// Storage, or the memory of peers, as `gpus` see it together.
Bandwidth checkpoint_write_rate(const Cluster::Storage& storage, double gpus);
Bandwidth checkpoint_read_rate(const Cluster::Storage& storage, double gpus);

// How checkpoints of this size hold up training on so many GPUs; `interval` is left open.
Checkpointing checkpointing_of(const Cluster::Storage& storage, Bytes checkpoint, double gpus);

struct RestartTime {
  bool by_phases = false;  // else only `whole` is known
  Seconds detect, reschedule, initialise, reload;
  Seconds whole;
};
RestartTime restart_time(const Cluster& cluster, double gpus, Bytes checkpoint);

// Causes as a history takes them. A planned stop needs no detection.
std::vector<HistoryCause> history_causes(const Cluster& cluster, Bytes checkpoint);
std::vector<InterruptionClass> interruption_classes(const Cluster& cluster, double gpus, Bytes checkpoint);

struct JobReliability {
  std::vector<InterruptionClass> classes;
  Checkpointing checkpointing;  // at the best interval
  Replicas replicas;
  RestartTime restart;
  Seconds mtbf;  // 0: never interrupted
  CheckpointSchedule schedule;
};

// `replicas`: data-parallel copies; `shortest`, `longest`: bounds of the interval (a step, the whole run).
// Throws InfeasiblePlan "never finishes: ..." where less than a millionth of the time is useful.
JobReliability job_reliability(const Cluster& cluster, double gpus, double replicas, Bytes checkpoint,
                               Seconds shortest, Seconds longest);

// Of an estimated run: its pieces in order (those joined that differ in speed alone), and its phases in the
// calendar, each with its best interval between checkpoints. GPUs, power and interval of a date are those of
// the main part; they differ between parts only where their plans do and not all of the GPUs are there.
HistoryInputs history_inputs(const Run& run, std::span<const RunPhase> phases, const RunEstimate& estimate);

}  // namespace traincast
