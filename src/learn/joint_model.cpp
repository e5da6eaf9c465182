#include "learn/joint_model.h"

#include <algorithm>

namespace latcast::learn {

std::span<const JointModel> joint_models() { return {}; }

const JointModel* find_joint_model(std::string_view name) {
  const auto models = joint_models();
  const auto found = std::ranges::find(models, name, &JointModel::name);
  return found == models.end() ? nullptr : &*found;
}

}  // namespace latcast::learn
