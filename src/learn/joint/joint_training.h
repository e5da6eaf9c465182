// Joint models trained over a division of the networks: of one device's measurements, or of several devices', whose
// kernel classes are then all trained together.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/form.h"
#include "core/kernel_forecast.h"
#include "learn/data/training_set.h"
#include "learn/joint/joint_model.h"
#include "learn/models/prepared.h"

namespace latcast::learn {

/// One device's measurements, or one target's.
struct Subject {
  const TrainingSet& set;
  const PreparedSet& prepared;
};

/// A division of the networks into parts. A network that several subjects have is in the same part on each: they are
/// known by NetworkTruth::identity.
struct Division {
  int parts = 0;
  std::vector<std::vector<int>> part_of_network;  // per subject, per network: in [0, parts)
};

/// Every kernel class of every subject is spread over the parts as evenly as networks allow.
[[nodiscard]] Division divide_by_network(const std::vector<Subject>& subjects, int parts, std::uint64_t seed);
/// Whole families, by their names; at most so many parts.
[[nodiscard]] Division divide_by_family(const std::vector<Subject>& subjects, int parts);

/// Forecasts of every row by the training that did not see the row's part, of one subject.
struct JointForecasts {
  std::vector<std::vector<KernelEstimate>> forecasts;  // per class, per row; latency 0 where there is none
  std::vector<double> bytes, latency_ns;               // per class, of some part's form
  double cost_s = 0;                                   // CPU: the subject's share
  std::string failure;                                 // of some part
};

struct PartsOptions {
  std::uint64_t seed = 1;
  int threads = 1;
  std::function<bool()> stop;  // as StudyOptions::stop
};

/// One per subject.
[[nodiscard]] std::vector<JointForecasts> forecast_parts(const JointModel& model, const std::vector<Subject>& subjects,
                                                         const Division& division, const PartsOptions& options);

/// Trained on everything; one per subject, with its share of the cost.
[[nodiscard]] std::vector<Result<JointFit>> fit_all(const JointModel& model, const std::vector<Subject>& subjects,
                                                    std::uint64_t seed);

}  // namespace latcast::learn
