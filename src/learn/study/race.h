// The race of a kernel class's regression models: cross-validation that losers leave early.
//
// First every model is fitted to a small part of one training side, then those left to all of it, then to the other
// folds (successive halving over growing sets; Jamieson & Talwalkar 2016, racing after Maron & Moore 1997). A model
// leaves when another one that is no slower and no larger is clearly better, or when it is hopelessly worse than the
// best.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "learn/data/rows.h"
#include "learn/models/physical_base.h"
#include "learn/study/candidate.h"

namespace latcast::learn {

/// Below this many samples (or three networks) only the base competes, with its prior.
inline constexpr Eigen::Index kFewSamples = 25;
/// The model that always competes, and answers where nothing else can.
inline constexpr std::string_view kBaseModel = "base";
[[nodiscard]] bool too_few(const Rows& rows);

struct RaceOptions {
  std::uint64_t seed = 1;
  std::span<const int> fold_of_network;  // in [0, folds)
  int folds = 4;
  BasePrior prior;                  // of the base
  std::vector<std::string> models;  // that may compete beside the base; empty: all
  bool exhaustive = false;          // nobody leaves early
  std::vector<std::string> losers;  // do not run: they have left the races of other classes
};

/// What a joint model's folds gave for this class's rows.
struct JointEntry {
  std::string name;
  std::vector<KernelEstimate> out_of_fold;
  double bytes = 0, latency_ns = 0;
  std::string failure;
};

/// `rows` not empty. Never fails: a model that cannot be fitted loses, with its reason; the base, which is first among
/// the candidates, always can. Candidates are without fits.
[[nodiscard]] ClassStudy race(const Rows& rows, const RaceOptions& options, std::vector<JointEntry> joint = {});

/// Costly models (RegressionModel::costly) that came to the end of no more than a tenth of these races: what is true of
/// the largest classes is taken for true of the small ones.
[[nodiscard]] std::vector<std::string> losers(std::span<const ClassStudy* const> races);

/// Marks as `front` those whom no other candidate beats in error, time and size, and forgets the others' forecasts.
void keep_front(ClassStudy& study);

/// Fits every candidate of the front to all rows; one that cannot be fitted leaves, with its reason. Joint ones are
/// left alone.
void fit_front(const Rows& rows, const RaceOptions& options, ClassStudy& study);

}  // namespace latcast::learn
