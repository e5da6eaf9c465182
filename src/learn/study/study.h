// All that training finds out before anything is chosen: the candidates of every kernel class.
//
// Per class the models race (race.h); those on the front of accuracy, time and size are fitted to all samples, and once
// more without each group of block families, for intervals. A choice is then made in moments, under any budget
// (selection.h), and a study can be kept in a file for that (study_file.h).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "latcast/result.h"
#include "learn/data/training_set.h"
#include "learn/joint/joint_training.h"
#include "learn/models/prepared.h"
#include "learn/study/candidate.h"

namespace latcast::learn {

struct TrainProgress {
  std::size_t done = 0, total = 0;
  std::string_view stage;  // "joint models", "models", "families"
  std::string_view what;   // just done: a kernel class, a joint model
};
using ProgressCallback = std::function<void(const TrainProgress&)>;  // called under a lock, from any thread

struct StudyOptions {
  std::uint64_t seed = 1;
  int threads = 2;
  int folds = 4;
  int family_groups = 6;
  std::vector<std::string> models;  // that may compete beside the base; empty: all
  bool exhaustive = false;          // every model on every fold, for comparison with the race
  bool families = true;             // forecasts with families left out: needed for intervals
  ProgressCallback progress;        // may be empty
  std::function<bool()> stop;       // asked often, from any thread; after true there is no study. May be empty
};

struct Study {
  std::uint64_t seed = 1;
  std::vector<ClassStudy> classes;    // as PreparedSet::kernels
  std::vector<int> fold_of_network;   // of the cross-validation
  std::vector<int> group_of_network;  // of families
  double race_cost_s = 0;             // CPU: cross-validation of all models
  double fit_cost_s = 0;              // CPU: fits to all samples and without each group of families
  double shared_bytes = 0;            // what the forms of joint models have in common
  std::vector<std::string> notes;     // what could not be had, and why
};

/// Errc::interrupted: it was told to stop.
[[nodiscard]] Result<Study> make_study(const TrainingSet& set, const PreparedSet& prepared,
                                       const StudyOptions& options = {});

/// A study for each subject: devices of the same engine, whose networks and kernel classes are known by their names.
/// Joint models train on all of them together, each device's classes as further tasks.
[[nodiscard]] Result<std::vector<Study>> make_studies(const std::vector<Subject>& subjects,
                                                      const StudyOptions& options = {});

/// Only the base and the candidates of these names (empty: all).
[[nodiscard]] Study restricted(Study study, const std::vector<std::string>& models);

}  // namespace latcast::learn
