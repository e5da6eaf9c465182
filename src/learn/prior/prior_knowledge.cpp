#include "learn/prior/prior_knowledge.h"

#include <string>

namespace latcast::learn {

Result<PriorKnowledge> PriorKnowledge::add_to(TrainingSet& set, std::span<const PackContent> packs) {
  PriorKnowledge out;
  out.packs_ = packs;
  for (std::size_t i = 0; i < packs.size(); ++i) {
    auto terms = PriorTerms::add_to(set, packs[i], i == 0 ? "proxy" : "proxy " + std::to_string(i + 1));
    if (!terms) return fail_in("prior knowledge from the pack of " + packs[i].info.target.name, terms.error());
    out.terms_.push_back(std::move(*terms));
  }
  return out;
}

Result<void> PriorKnowledge::settle(PackContent& content) const {
  // The last pack's terms stand behind those of the others.
  for (std::size_t i = packs_.size(); i > 0; --i) {
    if (auto ok = terms_[i - 1].settle(content, packs_[i - 1]); !ok) return ok;
  }
  return {};
}

}  // namespace latcast::learn
