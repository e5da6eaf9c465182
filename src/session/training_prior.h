// What a training takes from another target's pack: its base terms and, where networks' latencies on that target will
// be known, the ratios of those to its forecasts.
#pragma once

#include <memory>
#include <vector>

#include "core/pack_content.h"
#include "latcast/result.h"
#include "learn/prior/prior_knowledge.h"
#include "session/training.h"

namespace latcast::session {

class Prior {
 public:
  /// None where the options name no pack; else appends its terms to the task's training set. Errc::mismatch: the pack
  /// does not go with the target.
  [[nodiscard]] static Result<Prior> use(const TrainingOptions& options, TrainingTask& task);

  [[nodiscard]] bool empty() const { return packs_ == nullptr; }
  /// Puts its models into the pack that asks for them. Errc::budget: that makes it larger than `pack_bytes`.
  [[nodiscard]] Result<void> settle(PackContent& content, double pack_bytes) const;

 private:
  std::unique_ptr<std::vector<PackContent>> packs_;  // at an address that stays
  learn::PriorKnowledge knowledge_;
};

}  // namespace latcast::session
