// MEDN, a multi-task encoder-decoder network: one encoder for modules of every kernel class, one head per class for
// what the class's physical base leaves over of its log latency. docs/medn.md says how it is made and what was tried.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <vector>

#include "core/form.h"
#include "latcast/result.h"
#include "learn/data/rows.h"
#include "learn/joint/joint_model.h"
#include "learn/models/log_model.h"
#include "learn/models/physical_base.h"
#include "learn/neural/job.h"

namespace latcast::learn {

struct MednOptions {
  std::uint64_t seed = 1;
  bool auxiliary = true;  // reconstruct the inputs and quantities of the base terms as well
  bool shared = true;     // false: a small network of its own per class
  bool embedding = true;  // each class shifts the shared encoder's first layer
  int threads = 1;        // of LibTorch; more change the last digits
  Effort effort = Effort::final;
  int epochs = 0;  // 0: after the number of samples and the effort
};

struct MednFit {
  std::vector<Result<FormSpec>> forms;     // per class: base x exp(network); Errc::unsupported with the reason: none
  std::vector<Eigen::VectorXd> residuals;  // per class: what LibTorch itself says of the training rows; empty: no form
  double train_s = 0;
};

/// The same for the same seed on the same machine. Thread-safe. Errc::unsupported without LibTorch's plugin, or where
/// no class can be trained.
[[nodiscard]] Result<MednFit> fit_medn(std::span<const JointClass> classes, const MednOptions& options = {});

/// The same for the table of joint models.
Result<JointFit> fit_joint_medn(std::span<const JointClass> classes, const JointOptions& options);

}  // namespace latcast::learn
