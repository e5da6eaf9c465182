#include "learn/models/regression_model.h"

#include <algorithm>
#include <cmath>

#include "learn/math/cpu_time.h"
#include "learn/math/robust.h"
#include "learn/models/direct.h"

namespace latcast::learn {
namespace {

constexpr PartKey kBaseKey = {"base", true};
constexpr PartKey kOutliersKey = {"outliers", true};

class Composite final : public FittedModel {
 public:
  /// `bounds`: of the parts' mean.
  Composite(PhysicalBase base, bool over_base, std::vector<LogModelPtr> parts, Bounds bounds)
      : base_(std::move(base)), over_base_(over_base), parts_(std::move(parts)), bounds_(bounds) {}

  Eigen::VectorXd predict_ns(const Rows& rows) const override {
    Eigen::VectorXd log_factor = Eigen::VectorXd::Zero(rows.terms.rows());
    for (const LogModelPtr& part : parts_) log_factor += part->predict(rows.logs) / static_cast<double>(parts_.size());
    const Eigen::VectorXd factor = log_factor.cwiseMax(bounds_.least).cwiseMin(bounds_.most).array().exp();
    return over_base_ ? base_.predict_ns(rows.terms).cwiseProduct(factor).eval() : factor;
  }

  FormSpec form() const override {
    if (parts_.empty()) return base_.form();
    return product_form(over_base_ ? base_.form() : constant_form(1.0), residual(), bounds_.least, bounds_.most);
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
  Bounds bounds_;
};

}  // namespace

const PhysicalBase& FitContext::base() {
  if (!base_) {
    const CpuMeter meter(&costs_[kBaseKey].fit_s);
    base_ = std::make_unique<PhysicalBase>(fit_base(rows_, options_.prior));
  }
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
  const CpuMeter meter(&costs_[kOutliersKey].fit_s);
  const LogProblem problem{rows_.logs, residual, rows_.weight, rows_.group, options_.seed, Effort::fold};
  if (auto quick = fit_quick_trees(problem)) {
    const Eigen::VectorXd left = residual - (*quick)->predict(rows_.logs);
    robust_weight_ = rows_.weight.cwiseProduct(huber_weights(left, 4.0, 0.02, 2.0));
  }
  return robust_weight_;
}

Result<LogModelPtr> FitContext::part(std::string_view name, bool over_base) {
  const LogLearner* learner = find_learner(name);
  if (learner == nullptr) return fail(Errc::not_found, "there is no learner called " + std::string(name));
  const PartKey key = {learner->name, over_base};
  if (const auto found = parts_.find(key); found != parts_.end()) return found->second;
  if (rows_.logs.cols() == 0) return fail(Errc::unsupported, "the kernel class has no features");
  const Eigen::VectorXd goal = target(over_base);
  const Eigen::VectorXd& weight = robust_weight();
  FitCost& cost = costs_[key];
  const CpuMeter meter(&cost.fit_s);
  const LogProblem problem{
      rows_.logs,    goal, weight, rows_.group, options_.seed, options_.effort, warm({learner->search, over_base}),
      &cost.search_s};
  return parts_.emplace(key, learner->fit(problem)).first->second;
}

Result<FittedModelPtr> FitContext::direct(const RegressionModel& model) {
  if (const auto found = direct_.find(model.name); found != direct_.end()) return found->second;
  base();  // its cost is its own
  const PartKey key = {model.name, false};
  FitCost& cost = costs_[key];
  const CpuMeter meter(&cost.fit_s);
  return direct_.emplace(model.name, model.direct({*this, warm(key), &cost.search_s})).first->second;
}

FitCost FitContext::cost_of(const RegressionModel& model) const {
  std::vector<PartKey> keys = {kBaseKey};
  if (model.direct != nullptr) keys.emplace_back(model.name, false);
  if (!model.parts.empty()) keys.push_back(kOutliersKey);
  for (const std::string_view part : model.parts) keys.emplace_back(part, model.over_base);
  FitCost out;
  for (const PartKey& key : keys) {
    const auto found = costs_.find(key);
    if (found == costs_.end()) continue;
    out.fit_s += found->second.fit_s;
    out.search_s += found->second.search_s;
  }
  return out;
}

bool RegressionModel::costly() const {
  return std::ranges::any_of(parts, [](std::string_view part) {
    const LogLearner* learner = find_learner(part);
    return learner != nullptr && learner->costly;
  });
}

Result<FittedModelPtr> RegressionModel::fit(FitContext& context) const {
  if (direct != nullptr) {
    auto fitted = context.direct(*this);
    return fitted ? fitted : fail_in(name, fitted.error());
  }
  std::vector<LogModelPtr> fitted;
  for (const std::string_view learner : parts) {
    auto part = context.part(learner, over_base);
    if (!part) return fail_in(name, part.error());
    fitted.push_back(*part);
  }
  const Bounds bounds = fitted.empty() ? Bounds{} : plausible_bounds(context.target(over_base), context.rows().weight);
  return std::make_shared<const Composite>(context.base(), over_base, std::move(fitted), bounds);
}

namespace {

/// A model in words, as in RegressionModel. What is over the base is a product.
struct Described {
  std::string_view summary, form = "product", cost, source;
};

/// A log learner that works on the latency itself.
RegressionModel of_latency(std::string_view learner, const Described& what) {
  return {.name = learner,
          .summary = what.summary,
          .trained_on = "log latency",
          .form = what.form,
          .cost = what.cost,
          .source = what.source,
          .parts = {learner}};
}

/// One or more log learners over the physical base.
RegressionModel of_residual(std::string_view name, std::vector<std::string_view> learners, const Described& what) {
  return {.name = name,
          .summary = what.summary,
          .trained_on = "relative error, then log latency over the base",
          .form = what.form,
          .cost = what.cost,
          .source = what.source,
          .over_base = true,
          .parts = std::move(learners)};
}

constexpr std::string_view kTens = "tens of ns", kHundreds = "100s of ns", kThousands = "1000s of ns";
constexpr std::string_view kChen = "Chen & Guestrin 2016; XGBoost", kGp = "Rasmussen & Williams 2006; NLopt";

/// The base comes first: it can always be fitted.
std::vector<RegressionModel> make_models() {
  return {
      {.name = "base",
       .summary = "physical base: non-negative base terms",
       .trained_on = "relative error",
       .form = "linear_terms",
       .cost = kTens,
       .source = "Lawson & Hanson 1974",
       .over_base = true},
      {.name = "constant",
       .summary = "weighted median latency of the class",
       .trained_on = "log latency",
       .form = "constant",
       .cost = kTens,
       .source = "-",
       .direct = fit_constant},
      of_latency(
          "lookup",
          {.summary = "nearest sample", .form = "neighbours", .cost = kThousands, .source = "Cover & Hart 1967"}),
      of_latency("ols", {.summary = "least squares on log features: a power law",
                         .form = "linear_features",
                         .cost = kTens,
                         .source = "Gauss 1809"}),
      of_latency("ridge", {.summary = "ridge on log features and squares",
                           .form = "linear_features",
                           .cost = kTens,
                           .source = "Hoerl & Kennard 1970"}),
      {.name = "lasso",
       .summary = "non-negative sparse sum of base terms and raw features",
       .trained_on = "relative error",
       .form = "linear_sparse",
       .cost = kTens,
       .source = "Tibshirani 1996",
       .direct = fit_lasso},
      of_latency("poly2", {.summary = "ridge on all products of two log features",
                           .form = "quadratic",
                           .cost = kHundreds,
                           .source = "Hoerl & Kennard 1970"}),
      of_latency("knn", {.summary = "mean of the nearest samples",
                         .form = "neighbours",
                         .cost = kThousands,
                         .source = "Shepard 1968"}),
      of_latency("svr", {.summary = "support vector regression, squared exponential kernel",
                         .form = "gaussian_process",
                         .cost = kThousands,
                         .source = "Smola & Schoelkopf 2004; LIBSVM"}),
      of_latency("forest",
                 {.summary = "random forest", .form = "trees", .cost = kHundreds, .source = "Breiman 2001; XGBoost"}),
      of_latency("gbdt", {.summary = "boosted trees", .form = "trees", .cost = kThousands, .source = kChen}),
      of_latency("gbdt_small",
                 {.summary = "few shallow boosted trees", .form = "trees", .cost = kHundreds, .source = kChen}),
      of_latency(
          "gp",
          {.summary = "Gaussian process, Matern 5/2", .form = "gaussian_process", .cost = kThousands, .source = kGp}),
      of_latency("mlp", {.summary = "multilayer perceptron",
                         .form = "dense",
                         .cost = kHundreds,
                         .source = "Rumelhart et al. 1986; LibTorch"}),
      of_residual("base_ridge", {"ridge"},
                  {.summary = "base x ridge", .cost = kTens, .source = "Hoerl & Kennard 1970"}),
      of_residual("base_poly2", {"poly2"},
                  {.summary = "base x poly2", .cost = kHundreds, .source = "Hoerl & Kennard 1970"}),
      of_residual("base_svr", {"svr"},
                  {.summary = "base x support vector regression",
                   .cost = kThousands,
                   .source = "Smola & Schoelkopf 2004; LIBSVM"}),
      of_residual("base_gbdt_small", {"gbdt_small"},
                  {.summary = "base x few boosted trees", .cost = kHundreds, .source = kChen}),
      of_residual("base_gbdt", {"gbdt"}, {.summary = "base x boosted trees", .cost = kThousands, .source = kChen}),
      of_residual("base_gp", {"gp"}, {.summary = "base x Gaussian process", .cost = kThousands, .source = kGp}),
      of_residual("base_gp_medium", {"gp_medium"},
                  {.summary = "base x Gaussian process of 112 centres", .cost = kHundreds, .source = kGp}),
      of_residual("base_gp_small", {"gp_small"},
                  {.summary = "base x Gaussian process of 48 centres", .cost = kHundreds, .source = kGp}),
      of_residual("base_blend", {"gbdt", "gp", "svr"},
                  {.summary = "base x mean of boosted trees, Gaussian process and SVR",
                   .cost = kThousands,
                   .source = "all three, averaged in logs"}),
      of_residual(
          "base_mean_small", {"gbdt_small", "gp_small"},
          {.summary = "base x mean of the two small ones", .cost = kHundreds, .source = "both, averaged in logs"}),
      of_residual("base_mean", {"gbdt", "gp"},
                  {.summary = "base x mean of boosted trees and Gaussian process",
                   .cost = kThousands,
                   .source = "both, averaged in logs"}),
  };
}

}  // namespace

std::span<const RegressionModel> regression_models() {
  static const std::vector<RegressionModel> kModels = make_models();
  return kModels;
}

const RegressionModel* find_model(std::string_view name) {
  const auto models = regression_models();
  const auto found = std::ranges::find(models, name, &RegressionModel::name);
  return found == models.end() ? nullptr : &*found;
}

}  // namespace latcast::learn
