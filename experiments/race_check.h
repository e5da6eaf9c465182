// Whether the race, which trains a part of everything, finds what training and cross-validating everything would find:
// a selection from each, on networks that neither has seen.
#pragma once

#include <string>
#include <vector>

#include "latcast/result.h"
#include "learn/data/training_set.h"
#include "learn/study/study.h"
#include "session/listener.h"

namespace latcast::experiments {

struct RaceCheck {
  double race_cost_s = 0, exhaustive_cost_s = 0;  // CPU: cross-validation of the candidates
  /// What the modules of the networks that were held out are off by, as a share of their network's time.
  double race_error = 0, exhaustive_error = 0;
  double difference = 0, standard_error = 0;  // race - exhaustive, paired over networks
};

/// One result per seed, which also says which third of the networks is held out. Errc::invalid_input as train().
[[nodiscard]] Result<std::vector<RaceCheck>> check_race(const learn::TrainingSet& set, int seeds,
                                                        const learn::StudyOptions& options);

struct RaceOptions {
  std::string store;                   // file
  std::string target;                  // as session::choose_target() takes it
  std::vector<std::string> catalogue;  // folders of module types beside the built-in ones
  int seeds = 5;
};

/// On a campaign's store: `latcast bench race`. Errc::interrupted.
[[nodiscard]] Result<std::vector<RaceCheck>> check_race(const RaceOptions& options, session::Listener& listener);

}  // namespace latcast::experiments
