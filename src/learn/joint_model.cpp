#include "learn/joint_model.h"

#include <algorithm>
#include <array>

#include "learn/cpu_time.h"
#include "learn/neural/medn.h"

namespace latcast::learn {
namespace {

Result<JointFit> fit_medn_forms(std::span<const JointClass> classes, const JointOptions& options) {
  std::vector<MednClass> own;
  for (const JointClass& one : classes) own.push_back({one.rows, one.feature_names, one.term_names, one.prior});
  MednOptions medn;
  medn.seed = options.seed;
  medn.effort = options.effort;
  JointFit out;
  const CpuMeter meter(&out.cost_s);
  auto fit = fit_medn(own, medn);
  if (!fit) return tl::unexpected<Error>(fit.error());
  for (auto& form : fit->forms) out.forms.push_back(form ? std::move(*form) : FormSpec());
  return out;
}

}  // namespace

std::span<const JointModel> joint_models() {
  static constexpr std::array kModels = {
      JointModel{"medn", "base x multi-task encoder-decoder network, one encoder for all classes",
                 "relative error, then log latency over the base", "product", "100s of ns",
                 "our design after Shen et al. 2024 (abstract only); LibTorch", fit_medn_forms},
  };
  return kModels;
}

const JointModel* find_joint_model(std::string_view name) {
  const auto models = joint_models();
  const auto found = std::ranges::find(models, name, &JointModel::name);
  return found == models.end() ? nullptr : &*found;
}

}  // namespace latcast::learn
