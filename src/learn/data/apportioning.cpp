#include "learn/data/apportioning.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "learn/data/sample_collector.h"
#include "learn/data/total_costs.h"
#include "learn/math/nnls.h"

namespace latcast::learn {
namespace {

/// What a module may be off by that hardly shows in its carrier's total, relative.
constexpr double kUnseenError = 0.3;
/// Relative damping of a class's terms where they stand for the physical estimate.
constexpr double kDamping = 1e-3;
constexpr double kBytesOfElement = 4;

/// A module of a carrier and its row in the samples of its class.
struct Piece {
  std::size_t carrier = 0, module = 0, kernel = 0;
  Eigen::Index row = 0;
};

class Pieces {
 public:
  Pieces(std::span<const WholeCarrier> carriers, const Catalogue& catalogue) : carriers_(carriers) {
    SampleCollector known(catalogue);
    std::vector<Piece> others;
    for (std::size_t carrier = 0; carrier < carriers.size(); ++carrier) {
      const auto& modules = carriers[carrier].network->modules;
      for (std::size_t i = 0; i < modules.size(); ++i) {
        const Module& module = modules[i];
        if (module.match != ModuleMatch::matched) {
          others.push_back({carrier, i, 0, static_cast<Eigen::Index>(others.size())});
          continue;
        }
        const auto slots = known.slots(module.type, module.parameters, carriers[carrier].conditions);
        if (known.free(module.type, slots)) continue;
        const auto place = known.add(module.type, slots, 0.0, 0.0, static_cast<int>(carrier));
        pieces_.push_back({carrier, i, static_cast<std::size_t>(place.kernel_samples), place.row});
        macs_.push_back(place.macs);
      }
    }
    classes_ = known.samples();
    for (Piece& one : others) {  // modules without a type are a class of their own
      one.kernel = classes_.size();
      pieces_.push_back(one);
      macs_.push_back(module(one).macs);
    }
    if (!others.empty()) classes_.push_back(physical(std::span(pieces_).last(others.size())));
  }

  Apportioned run() {
    const TotalCosts costs = total_costs({classes_, quiet(), use(), {}, {}, expected()});
    std::vector<double> forecast;
    for (const Piece& one : pieces_)
      forecast.push_back(std::max(classes_[one.kernel].terms.row(one.row).dot(costs.weights[one.kernel]), 1.0));
    Eigen::MatrixXd sums = Eigen::MatrixXd::Zero(count(), static_cast<Eigen::Index>(classes_.size()));
    for (std::size_t i = 0; i < pieces_.size(); ++i) sum_of(sums, pieces_[i]) += forecast[i];
    Apportioned out;
    out.run_ns = costs.run_ns;
    for (const WholeCarrier& one : carriers_) {
      out.modules_ns.emplace_back(one.network->modules.size(), std::numeric_limits<double>::quiet_NaN());
      out.spread.emplace_back(one.network->modules.size(), kUnseenError);
    }
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      const Piece& one = pieces_[i];
      const double all = sums.row(static_cast<Eigen::Index>(one.carrier)).sum();
      const double total = carriers_[one.carrier].quiet_ns;
      // A run costs no more than half of what a carrier takes.
      out.modules_ns[one.carrier][one.module] = forecast[i] / all * std::max(total - costs.run_ns, 0.5 * total);
      out.spread[one.carrier][one.module] = kUnseenError * (1.0 - sum_of(sums, one) / all);
    }
    return out;
  }

 private:
  [[nodiscard]] Eigen::Index count() const { return static_cast<Eigen::Index>(carriers_.size()); }
  [[nodiscard]] std::vector<char> use() const { return std::vector<char>(carriers_.size(), 1); }
  [[nodiscard]] const Module& module(const Piece& one) const {
    return carriers_[one.carrier].network->modules[one.module];
  }
  static double& sum_of(Eigen::MatrixXd& sums, const Piece& one) {
    return sums(static_cast<Eigen::Index>(one.carrier), static_cast<Eigen::Index>(one.kernel));
  }
  [[nodiscard]] Eigen::VectorXd quiet() const {
    Eigen::VectorXd out(count());
    for (Eigen::Index i = 0; i < out.size(); ++i) out[i] = carriers_[static_cast<std::size_t>(i)].quiet_ns;
    return out;
  }

  /// What every module costs somehow: bytes, multiply-accumulates, a call.
  [[nodiscard]] KernelSamples physical(std::span<const Piece> pieces) const {
    using Of = TermUnit::Of;
    KernelSamples out;
    out.term_units = {{Of::element, 1 / kBytesOfElement},
                      {Of::element, 1 / kBytesOfElement},
                      {Of::element, 1 / kBytesOfElement},
                      {Of::mac},
                      {Of::call}};
    out.terms.resize(static_cast<Eigen::Index>(pieces.size()), static_cast<Eigen::Index>(out.term_units.size()));
    for (const Piece& one : pieces) {
      const Module& its = module(one);
      out.terms.row(static_cast<Eigen::Index>(out.network.size())) << its.input_bytes, its.output_bytes,
          its.weight_bytes, macs_[static_cast<std::size_t>(&one - pieces_.data())], 1.0;
      out.network.push_back(static_cast<int>(one.carrier));
    }
    return out;
  }

  /// Weights that give each class's modules what their physical quantities let expect.
  [[nodiscard]] std::vector<Eigen::VectorXd> expected() const {
    const std::vector<KernelSamples> all = {physical(pieces_)};
    const TotalCosts costs = total_costs({all, quiet(), use(), {}, {}});
    const Eigen::VectorXd estimate = (all[0].terms * costs.weights[0]).cwiseMax(1.0);
    std::vector<Eigen::MatrixXd> relative;
    for (const KernelSamples& one : classes_) relative.emplace_back(one.terms);
    for (std::size_t i = 0; i < pieces_.size(); ++i)
      relative[pieces_[i].kernel].row(pieces_[i].row) /= estimate[static_cast<Eigen::Index>(i)];
    std::vector<Eigen::VectorXd> out;
    for (const Eigen::MatrixXd& rows : relative) {
      const Eigen::VectorXd norm = rows.colwise().norm().transpose().cwiseMax(1e-30);
      const Eigen::MatrixXd unit = rows * norm.cwiseInverse().asDiagonal();
      Eigen::MatrixXd gram = unit.transpose() * unit;
      gram.diagonal().array() += kDamping;
      out.push_back(nnls(gram, unit.colwise().sum().transpose()).cwiseQuotient(norm));
    }
    return out;
  }

  std::span<const WholeCarrier> carriers_;
  std::vector<Piece> pieces_;
  std::vector<double> macs_;  // per piece
  std::vector<KernelSamples> classes_;
};

}  // namespace

Apportioned apportion(std::span<const WholeCarrier> carriers, const Catalogue& catalogue) {
  return Pieces(carriers, catalogue).run();
}

}  // namespace latcast::learn
