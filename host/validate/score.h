// How far predictions are from measurements: error = ln(predicted / measured) of a step's time.
#pragma once

#include <string>
#include <vector>

namespace traincast {

struct ScoredRow {
  std::string id, family, cluster, gpu, stack, model;
  long long gpus = 0;
  double predicted_s = 0, measured_s = 0;
  double predicted_bytes = 0, measured_bytes = 0;  // 0: not compared
  double log_error = 0;
  std::string status;  // "ok" or "cannot express"
  std::string reason;
  std::vector<std::string> assumptions;
  bool scored = false;  // grade A or B, primary, and predicted
  bool core = false;
  bool moe = false;
};

struct Summary {
  std::string group;  // "all", "core", "family=MLPERF", ...
  int rows = 0;
  double median = 0;  // of |error|
  double p90 = 0;
  double bias = 0;   // median of error
  double mean = 0;   // of |error|
  double slope = 0;  // of error per tenfold GPUs, within clusters of one stack; 0 where nothing varies
};

// With equal families each row weighs 1 / (rows of its family).
enum class Weights { rows, families };
Summary summarize(const std::string& group, const std::vector<const ScoredRow*>& rows, Weights weights);

// all, core, dense core, MoE core (families weighed equally and not), per family, GPU, stack and scale
// bucket.
std::vector<Summary> summaries(const std::vector<ScoredRow>& rows);

}  // namespace traincast
