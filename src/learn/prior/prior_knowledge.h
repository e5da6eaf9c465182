// Prior knowledge from k other packs: of the same device under other conditions, or of other devices.
//
// Each pack gives base terms of its own, so that the measurements decide how far each is believed. One pack is what
// `latcast train --proxy` gives.
#pragma once

#include <span>
#include <vector>

#include "core/pack_content.h"
#include "latcast/result.h"
#include "learn/data/training_set.h"
#include "learn/prior/prior_terms.h"

namespace latcast::learn {

class PriorKnowledge {
 public:
  PriorKnowledge() = default;

  /// Appends the packs' terms to the set, in order. The packs must outlive the knowledge. Errc::mismatch: a pack was
  /// trained with another catalogue.
  [[nodiscard]] static Result<PriorKnowledge> add_to(TrainingSet& set, std::span<const PackContent> packs);

  /// Makes a pack that was trained on such a set stand for itself: its forms hold those of the packs.
  /// Errc::invalid_input: a form grew beyond what packs may hold.
  [[nodiscard]] Result<void> settle(PackContent& content) const;

 private:
  std::span<const PackContent> packs_;
  std::vector<PriorTerms> terms_;  // as packs_
};

}  // namespace latcast::learn
