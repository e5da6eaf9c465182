#include "learn/regression_model.h"

#include <algorithm>
#include <cmath>

#include "learn/robust.h"

namespace latcast::learn {
namespace {

enum Part : std::size_t { kRidge, kTrees, kGp };  // as log_learners() lists them

class Composite final : public FittedModel {
 public:
  Composite(PhysicalBase base, bool over_base, std::vector<LogModelPtr> parts)
      : base_(std::move(base)), over_base_(over_base), parts_(std::move(parts)) {}

  Eigen::VectorXd predict_ns(const Rows& rows) const override {
    Eigen::VectorXd log_factor = Eigen::VectorXd::Zero(rows.terms.rows());
    for (const LogModelPtr& part : parts_) log_factor += part->predict(rows.logs) / static_cast<double>(parts_.size());
    const Eigen::VectorXd factor = log_factor.array().exp();
    return over_base_ ? base_.predict_ns(rows.terms).cwiseProduct(factor).eval() : factor;
  }

  FormSpec form() const override {
    if (parts_.empty()) return base_.form();
    return product_form(over_base_ ? base_.form() : constant_form(1.0), residual());
  }

  FormSpec extrapolation() const override { return over_base_ ? FormSpec() : base_.form(); }

 private:
  FormSpec residual() const {
    if (parts_.size() == 1) return parts_.front()->form();
    std::vector<FormSpec> forms;
    for (const LogModelPtr& part : parts_) forms.push_back(part->form());
    return mean_form(std::move(forms), std::vector<double>(parts_.size(), 1.0 / static_cast<double>(parts_.size())));
  }

  PhysicalBase base_;
  bool over_base_;
  std::vector<LogModelPtr> parts_;
};

}  // namespace

const PhysicalBase& FitContext::base() {
  if (!base_) base_ = std::make_unique<PhysicalBase>(fit_base(rows_, options_.prior));
  return *base_;
}

Eigen::VectorXd FitContext::target(bool over_base) {
  Eigen::VectorXd out = rows_.latency_ns.array().log();
  if (over_base) out -= base().predict_ns(rows_.terms).array().log().matrix();
  return out;
}

/// Sample weights times what a few coarse trees say about outliers: those are let go before any learner sees them.
const Eigen::VectorXd& FitContext::robust_weight() {
  if (robust_weight_.size() > 0) return robust_weight_;
  robust_weight_ = rows_.weight;
  const Eigen::VectorXd residual = target(true);
  const LogProblem problem{rows_.logs, residual, rows_.weight, rows_.group, options_.seed, Effort::fold, nullptr};
  if (auto quick = fit_quick_trees(problem)) {
    const Eigen::VectorXd left = residual - (*quick)->predict(rows_.logs);
    robust_weight_ = rows_.weight.cwiseProduct(huber_weights(left, 4.0, 0.02, 2.0));
  }
  return robust_weight_;
}

Result<LogModelPtr> FitContext::part(std::size_t index, bool over_base) {
  const auto key = std::make_pair(index, over_base);
  if (const auto found = parts_.find(key); found != parts_.end()) return found->second;
  if (rows_.logs.cols() == 0) return fail(Errc::unsupported, "the kernel class has no features");
  const Eigen::VectorXd goal = target(over_base);
  Eigen::VectorXd* warm = options_.warm == nullptr ? nullptr : &(*options_.warm)[key];
  const LogProblem problem{rows_.logs, goal, robust_weight(), rows_.group, options_.seed, options_.effort, warm};
  return parts_.emplace(key, log_learners()[index].fit(problem)).first->second;
}

Result<std::unique_ptr<FittedModel>> RegressionModel::fit(FitContext& context) const {
  std::vector<LogModelPtr> fitted;
  for (const std::size_t index : parts) {
    auto part = context.part(index, over_base);
    if (!part) return fail_in(name, part.error());
    fitted.push_back(*part);
  }
  return std::make_unique<Composite>(context.base(), over_base, std::move(fitted));
}

std::span<const RegressionModel> regression_models() {
  static const std::vector<RegressionModel> kModels = {
      {"base", "physical base: non-negative terms, relative error", "Lawson & Hanson 1974", true, {}, 1.0},
      {"base_ridge", "base x ridge on log features", "Hoerl & Kennard 1970", true, {kRidge}, 1.01},
      {"base_trees", "base x boosted trees", "Chen & Guestrin 2016", true, {kTrees}, 1.03},
      {"base_gp", "base x Gaussian process", "Rasmussen & Williams 2006", true, {kGp}, 1.04},
      {"base_mean", "base x mean of trees and Gaussian process", "both, averaged in logs", true, {kTrees, kGp}, 1.05},
      {"ridge", "ridge on log features and squares", "Hoerl & Kennard 1970", false, {kRidge}, 1.05},
      {"trees", "boosted trees of log latency", "Chen & Guestrin 2016", false, {kTrees}, 1.08},
      {"gp", "Gaussian process of log latency", "Rasmussen & Williams 2006", false, {kGp}, 1.08},
  };
  return kModels;
}

const RegressionModel* find_model(std::string_view name) {
  const auto models = regression_models();
  const auto found = std::ranges::find(models, name, &RegressionModel::name);
  return found == models.end() ? nullptr : &*found;
}

}  // namespace latcast::learn
