#include "learn/study/mixture.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include "core/form.h"
#include "learn/joint/joint_model.h"

namespace latcast::learn {
namespace {

/// A joint model counts as one learner.
double joint_share(const RegressionModel& model) { return 1.0 / (static_cast<double>(model.parts.size()) + 1.0); }

bool same(const FormSpec& a, const FormSpec& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const FormNode &x = a[i], &y = b[i];
    if (x.kind != y.kind || x.children != y.children || x.doubles != y.doubles || x.floats != y.floats ||
        x.ints != y.ints || x.shared != y.shared) {
      return false;
    }
  }
  return true;
}

/// The forecasts' weighted mean in logs; the joint model has none where its training lacked the class.
std::vector<KernelEstimate> averaged(const std::vector<KernelEstimate>& own, const std::vector<KernelEstimate>& joint,
                                     double share) {
  std::vector<KernelEstimate> out = own;
  for (std::size_t i = 0; i < out.size() && i < joint.size(); ++i) {
    if (!(out[i].latency_ns > 0) || !(joint[i].latency_ns > 0)) continue;
    out[i].latency_ns *= std::pow(joint[i].latency_ns / out[i].latency_ns, share);
  }
  return out;
}

std::optional<Candidate> mixture(const RegressionModel& model, const Candidate& own, const Candidate& joint,
                                 const Rows& rows) {
  if (!own.fit || !joint.fit) return std::nullopt;
  auto fit = mix(model, *own.fit, *joint.fit, rows);
  if (!fit) return std::nullopt;
  Candidate out;
  out.joint = true;
  out.score.name = fit->model;
  out.score.bytes = fit->bytes;
  out.score.latency_ns = fit->latency_ns;
  out.score.samples_seen = own.score.samples_seen;
  out.score.front = true;
  out.out_of_fold = averaged(own.out_of_fold, joint.out_of_fold, joint_share(model));
  out.family_out = averaged(own.family_out, joint.family_out, joint_share(model));
  out.fit = std::move(*fit);
  judge(rows, out);
  return out;
}

}  // namespace

std::string mixture_name(std::string_view model, std::string_view joint) {
  return std::string(model) + "+" + std::string(joint);
}

std::string_view mixed_model(std::string_view name) {
  const std::size_t end = name.find('+');
  return end == std::string_view::npos ? std::string_view() : name.substr(0, end);
}

bool can_mix(const RegressionModel& model) { return model.over_base && !model.parts.empty(); }

std::vector<std::string> mixture_names() {
  std::vector<std::string> out;
  for (const RegressionModel& model : regression_models()) {
    if (!can_mix(model)) continue;
    for (const JointModel& joint : joint_models()) out.push_back(mixture_name(model.name, joint.name));
  }
  return out;
}

Result<KernelFit> mix(const RegressionModel& model, const KernelFit& own, const KernelFit& joint, const Rows& rows) {
  const auto one = split_product(own.form), other = split_product(joint.form);
  if (!one || !other || !same(one->base, other->base)) {
    return fail(Errc::unsupported, own.model + " and " + joint.model + " do not stand on the same base");
  }
  const double share = joint_share(model), rest = 1.0 - share;
  FormSpec mean = mean_form({one->residual, other->residual}, {rest, share});
  return seal_fit(mixture_name(own.model, joint.model),
                  product_form(one->base, std::move(mean), rest * one->least + share * other->least,
                               rest * one->most + share * other->most),
                  {}, rows);
}

void add_mixtures(const PreparedSet& prepared, Study& study) {
  for (std::size_t k = 0; k < study.classes.size(); ++k) {
    std::vector<Candidate>& candidates = study.classes[k].candidates;
    std::vector<Candidate> made;
    for (const Candidate& own : candidates) {
      const RegressionModel* model = find_model(own.score.name);
      if (model == nullptr || !can_mix(*model)) continue;
      for (const Candidate& joint : candidates) {
        if (find_joint_model(joint.score.name) == nullptr) continue;
        if (auto one = mixture(*model, own, joint, prepared.kernels[k].rows)) made.push_back(std::move(*one));
      }
    }
    std::ranges::move(made, std::back_inserter(candidates));
  }
}

}  // namespace latcast::learn
