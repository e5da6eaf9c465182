#include "learn/prior/prior_terms.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <ranges>

#include "core/form.h"
#include "learn/data/rows.h"
#include "learn/math/robust.h"
#include "learn/network/whole_networks.h"
#include "learn/prior/table_forecasts.h"

namespace latcast::learn {
namespace {

/// Shares of a class's modules that are smaller than the caps.
constexpr double kCapQuantiles[] = {0.33, 0.67};
/// What a ns up to a cap is expected to cost, of a ns without one.
constexpr double kCappedShare = 0.1;

/// The class's model; null where it has none, or costs nothing.
const KernelModel* model_of(const PackContent& pack, const std::string& type_name, const std::string& kernel_name) {
  const auto type = std::ranges::find(pack.types, type_name, &TypeModel::name);
  if (type == pack.types.end()) return nullptr;
  const auto kernel = std::ranges::find(type->kernels, kernel_name, &KernelModel::name);
  return kernel == type->kernels.end() || kernel->form.empty() || kernel->free ? nullptr : &*kernel;
}

bool same_inputs(const KernelModel& model, const KernelSamples& samples) {
  const auto names = [](const std::vector<NamedProgram>& programs) {
    std::vector<std::string> out;
    for (const NamedProgram& one : programs) out.push_back(one.name);
    return out;
  };
  // Behind the catalogue's own terms there may be those of other packs.
  const std::vector<std::string> terms = names(model.terms);
  return terms.size() <= samples.term_names.size() &&
         std::ranges::equal(terms, samples.term_names | std::views::take(terms.size())) &&
         names(model.features) == samples.feature_names;
}

Eigen::VectorXd evaluate(const KernelModel& model, const KernelSamples& samples) {
  const auto count = static_cast<Eigen::Index>(model.terms.size());
  const RowMatrix terms = samples.terms.leftCols(count).cwiseMax(0.0), logs = log_features(samples.features);
  const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> logs32 = logs.cast<float>();
  const FormView nodes = view(model.form);
  const Form form(nodes, {static_cast<std::size_t>(terms.cols()), static_cast<std::size_t>(logs.cols())});
  Eigen::VectorXd out(terms.rows());
  for (Eigen::Index row = 0; row < terms.rows(); ++row) {
    out[row] = form.evaluate({{terms.row(row).data(), static_cast<std::size_t>(terms.cols())},
                              {logs.row(row).data(), static_cast<std::size_t>(logs.cols())},
                              {logs32.row(row).data(), static_cast<std::size_t>(logs32.cols())}});
  }
  return out;
}

double quantile(Eigen::VectorXd values, double share) {
  std::ranges::sort(values);
  return values[static_cast<Eigen::Index>(share * static_cast<double>(values.size() - 1))];
}

/// Appends the columns; `caps` may hold kNoCap.
void append_terms(const Eigen::VectorXd& cost_ns, const std::vector<double>& caps, const std::string& name,
                  KernelSamples& samples) {
  samples.term_units.resize(samples.term_names.size());
  for (const double cap : caps) {
    samples.terms.conservativeResize(Eigen::NoChange, samples.terms.cols() + 1);
    samples.terms.rightCols(1) = cost_ns.cwiseMin(cap);
    samples.term_names.push_back(cap < kNoCap ? name + " up to " + std::to_string(std::llround(cap)) : name);
    samples.term_units.push_back({TermUnit::Of::proxy, cap < kNoCap ? kCappedShare : 1.0});
  }
}

/// Added to the own part of a linear form that may be negative, and taken off again behind it: forms are at least 1 ns.
constexpr double kLift_ns = 1e9;

/// Weights of a node's terms, split between the class's own and the proxy's.
struct SplitNode {
  FormNode own;
  std::vector<double> proxy;  // weights; empty: the node reads none
  bool lifted = false;
};

SplitNode split(FormNode node, std::size_t own_terms, std::size_t proxy_terms) {
  SplitNode out;
  if (node.kind == FormKind::linear_terms) {
    out.proxy.assign(node.doubles.begin() + static_cast<std::ptrdiff_t>(own_terms), node.doubles.end());
    node.doubles.resize(own_terms);
  } else if (node.kind == FormKind::linear_sparse) {
    const auto used = static_cast<std::size_t>(node.ints[0]);
    out.proxy.assign(proxy_terms, 0.0);
    for (std::size_t i = used; i > 0; --i) {
      const auto term = static_cast<std::size_t>(node.ints[i]);
      if (term < own_terms) continue;
      out.proxy[term - own_terms] = node.doubles[i];
      node.ints.erase(node.ints.begin() + static_cast<std::ptrdiff_t>(i));
      node.doubles.erase(node.doubles.begin() + static_cast<std::ptrdiff_t>(i));
      --node.ints[0];
    }
  }
  if (std::ranges::all_of(out.proxy, [](double x) { return x == 0.0; })) out.proxy.clear();
  if (!out.proxy.empty() && node.kind == FormKind::linear_sparse) {
    node.doubles[0] += kLift_ns;
    out.lifted = true;
  }
  out.own = std::move(node);
  return out;
}

/// own + weights . proxy's terms, the proxy's root being at `root`.
FormNode sum_of(std::uint16_t own, const std::vector<double>& weights, std::uint16_t root,
                const std::vector<double>& caps) {
  FormNode out;
  out.kind = FormKind::sum;
  out.children.push_back(own);
  out.children.insert(out.children.end(), caps.size(), root);
  out.doubles.push_back(1.0);
  out.doubles.insert(out.doubles.end(), weights.begin(), weights.end());
  out.doubles.push_back(kNoCap);
  out.doubles.insert(out.doubles.end(), caps.begin(), caps.end());
  return out;
}

/// A form over the class's own terms and the proxy's, as one over its own terms.
FormSpec resolve(const FormSpec& form, const FormSpec& proxy, std::size_t own_terms, const std::vector<double>& caps) {
  std::vector<SplitNode> parts;
  for (const FormNode& one : form) parts.push_back(split(one, own_terms, caps.size()));
  FormSpec out;
  if (std::ranges::any_of(parts, [](const SplitNode& one) { return !one.proxy.empty(); })) out = proxy;
  const auto root = static_cast<std::uint16_t>(out.empty() ? 0 : out.size() - 1);
  const auto last = [&] { return static_cast<std::uint16_t>(out.size() - 1); };
  std::vector<std::uint16_t> moved;
  for (SplitNode& part : parts) {
    for (std::uint16_t& child : part.own.children) child = moved[child];
    out.push_back(std::move(part.own));
    if (!part.proxy.empty()) {
      FormNode sum = sum_of(last(), part.proxy, root, caps);
      if (part.lifted) {
        out.push_back(constant_form(kLift_ns).front());
        sum.children.push_back(last());
        sum.doubles.insert(sum.doubles.begin() + static_cast<std::ptrdiff_t>(sum.children.size() - 1), -1.0);
        sum.doubles.push_back(kNoCap);
      }
      out.push_back(std::move(sum));
    }
    moved.push_back(last());
  }
  return out;
}

}  // namespace

Result<PriorTerms> PriorTerms::add_to(TrainingSet& set, const PackContent& proxy, const std::string& name) {
  PriorTerms out;
  std::vector<double> ratios;
  Eigen::VectorXd sums = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(set.networks.size()));
  const auto add = [&](KernelSamples& samples, bool measured) -> Result<void> {
    const KernelModel* model = model_of(proxy, samples.type_name, samples.kernel_name);
    if (model == nullptr || samples.terms.rows() == 0) return {};
    if (!same_inputs(*model, samples)) {
      return fail(Errc::mismatch, samples.type_name + "/" + samples.kernel_name +
                                      ": the proxy's pack was trained with another catalogue; train it again");
    }
    const Eigen::VectorXd cost = evaluate(*model, samples);
    Term term{.form = model->form, .own_terms = samples.term_names.size(), .caps = {kNoCap}};
    for (Eigen::Index row = 0; row < cost.size(); ++row) {
      if (measured && usable(samples, row)) ratios.push_back(samples.latency_ns[row] / cost[row]);
      if (!measured) sums[samples.network[static_cast<std::size_t>(row)]] += cost[row];
    }
    for (const double share : kCapQuantiles) {
      const double cap = measured ? 0.0 : quantile(cost, share);
      if (cap > 0.0 && cap < cost.maxCoeff()) term.caps.push_back(cap);
    }
    append_terms(cost, term.caps, name, samples);
    out.terms_.emplace(std::pair{samples.type, samples.kernel}, std::move(term));
    return {};
  };
  for (KernelSamples& samples : set.kernels) {
    if (auto ok = add(samples, true); !ok) return tl::unexpected(ok.error());
  }
  // Beside measured classes, what is not listed stays as it is: the proxy knew it from totals, too.
  const std::span<KernelSamples> unlisted = set.kernels.empty() ? std::span(set.unlisted) : std::span<KernelSamples>();
  for (KernelSamples& samples : unlisted) {
    if (auto ok = add(samples, false); !ok) return tl::unexpected(ok.error());
  }
  for (std::size_t i = 0; i < set.networks.size(); ++i) {
    const double sum = sums[static_cast<Eigen::Index>(i)];
    if (sum > 0.0 && set.networks[i].quiet_ns > 0.0) ratios.push_back(set.networks[i].quiet_ns / sum);
  }
  if (!ratios.empty()) {
    out.scale_ = median(Eigen::Map<Eigen::VectorXd>(ratios.data(), static_cast<Eigen::Index>(ratios.size())));
  }
  return out;
}

Result<void> PriorTerms::settle(PackContent& content, const PackContent& proxy) const {
  for (std::size_t t = 0; t < content.types.size(); ++t) {
    TypeModel& type = content.types[t];
    for (std::size_t k = 0; k < type.kernels.size(); ++k) {
      KernelModel& kernel = type.kernels[k];
      const auto found = terms_.find({t, k});
      if (kernel.form.empty()) {
        const KernelModel* model = kernel.free ? nullptr : model_of(proxy, type.name, kernel.name);
        if (model == nullptr || model->terms.size() != kernel.terms.size() ||
            model->features.size() != kernel.features.size()) {
          continue;
        }
        kernel.form = sum_form({model->form}, {scale_});
        kernel.low = model->low;
        kernel.high = model->high;
        kernel.error = kUnlistedError;
        kernel.model = "proxy";
      } else if (found != terms_.end()) {
        const Term& term = found->second;
        for (FormSpec* form : {&kernel.form, &kernel.extrapolation}) {
          if (!form->empty()) *form = resolve(*form, term.form, term.own_terms, term.caps);
        }
      }
      if (kernel.form.size() > kMaxFormNodes || kernel.extrapolation.size() > kMaxFormNodes) {
        return fail(Errc::invalid_input, type.name + "/" + kernel.name +
                                             ": the proxy's forms are too large to build on; choose one that has no "
                                             "proxy itself, or one of fewer models (--rms)");
      }
    }
  }
  return {};
}

Result<std::vector<double>> known_ratios(std::span<const TableNetwork> networks, const Catalogue& catalogue,
                                         const PackContent& proxy, const std::map<std::string, double>& known_ns) {
  TableForecasts forecasts;
  std::vector<std::size_t> all(networks.size());
  std::iota(all.begin(), all.end(), 0);
  if (auto ok = forecast_with(proxy, networks, catalogue, all, forecasts); !ok) return tl::unexpected(ok.error());
  std::vector<double> out;
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const auto known = known_ns.find(networks[i].name);
    const bool usable = known != known_ns.end() && known->second > 0.0 && forecasts.forecast_ns[i] > 0.0;
    out.push_back(usable ? known->second / forecasts.forecast_ns[i] : std::numeric_limits<double>::quiet_NaN());
  }
  return out;
}

void divide_totals(std::vector<TableNetwork>& networks, std::span<const double> ratios) {
  for (std::size_t i = 0; i < networks.size(); ++i) {
    networks[i].total_ns /= ratios[i];
    networks[i].deviation_ns = std::isnan(ratios[i]) ? 0.0 : networks[i].deviation_ns / ratios[i];
  }
}

}  // namespace latcast::learn
