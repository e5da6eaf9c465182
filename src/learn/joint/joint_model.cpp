#include "learn/joint/joint_model.h"

#include <algorithm>
#include <array>

#include "learn/joint/medn.h"

namespace latcast::learn {

std::vector<JointClass> joint_classes(const TrainingSet& set, const std::vector<Rows>& rows) {
  std::vector<const Rows*> all;
  for (const Rows& one : rows) all.push_back(&one);
  std::vector<BasePrior> priors = pooled_priors(set, all);
  std::vector<JointClass> out;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    out.push_back({set.kernels[k].type_name + "/" + set.kernels[k].kernel_name, &rows[k], set.kernels[k].feature_names,
                   set.kernels[k].term_names, std::move(priors[k])});
  }
  return out;
}

std::span<const JointModel> joint_models() {
  static constexpr std::array kModels = {
      JointModel{.name = "medn",
                 .summary = "base x multi-task encoder-decoder network, one encoder for all classes",
                 .trained_on = "relative error, then log latency over the base",
                 .form = "product",
                 .cost = "100s of ns",
                 .source = "our design after Shen et al. 2024 (abstract only); LibTorch",
                 .fit = fit_joint_medn},
  };
  return kModels;
}

const JointModel* find_joint_model(std::string_view name) {
  const auto models = joint_models();
  const auto found = std::ranges::find(models, name, &JointModel::name);
  return found == models.end() ? nullptr : &*found;
}

}  // namespace latcast::learn
