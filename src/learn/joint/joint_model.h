// Models that all kernel classes train together: they share an encoder, and each class gets a form of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/form.h"
#include "latcast/result.h"
#include "learn/data/rows.h"
#include "learn/data/training_set.h"
#include "learn/models/log_model.h"
#include "learn/models/physical_base.h"
#include "learn/models/prepared.h"

namespace latcast::learn {

/// Training samples of one kernel class. Features and terms of the same name mean the same in every class; classes of
/// the same name are one class on several devices.
struct JointClass {
  std::string name;
  const Rows* rows = nullptr;  // may be empty
  std::span<const std::string> feature_names, term_names;
  BasePrior prior = {};  // for classes with few samples
};

/// The classes of a training set with `rows` of each, both of which must outlive them.
[[nodiscard]] std::vector<JointClass> joint_classes(const TrainingSet& set, const std::vector<Rows>& rows);

struct JointOptions {
  std::uint64_t seed = 1;
  Effort effort = Effort::fold;
};

struct JointFit {
  std::vector<FormSpec> forms;  // per class, ns; empty: too few rows there
  double cost_s = 0;            // CPU
};

struct JointModel {
  std::string_view name, summary, trained_on, form, cost, source;
  Result<JointFit> (*fit)(std::span<const JointClass> classes, const JointOptions& options);
};

[[nodiscard]] std::span<const JointModel> joint_models();
[[nodiscard]] const JointModel* find_joint_model(std::string_view name);

}  // namespace latcast::learn
