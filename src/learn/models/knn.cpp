// Mean of the k nearest samples, weighted by inverse squared distance (Shepard 1968).
#include <array>

#include "learn/models/halving.h"
#include "learn/models/neighbours.h"

namespace latcast::learn {
namespace {

constexpr std::size_t kPoints = 2000;
constexpr std::array kSettings = {
    NeighbourOptions{8, 0.01, kPoints}, NeighbourOptions{4, 0.01, kPoints},  NeighbourOptions{2, 0.01, kPoints},
    NeighbourOptions{3, 0.1, kPoints},  NeighbourOptions{6, 1e-3, kPoints},  NeighbourOptions{6, 0.1, kPoints},
    NeighbourOptions{8, 0.3, kPoints},  NeighbourOptions{16, 1e-3, kPoints}, NeighbourOptions{16, 0.03, kPoints},
};

}  // namespace

Result<LogModelPtr> fit_knn(const LogProblem& problem) {
  const FitSetting fit = [](const LogProblem& part, std::size_t setting) {
    return fit_neighbours(part, kSettings[setting]);
  };
  return fit(problem, choose_setting(kSettings.size(), 0, fit, problem));
}

}  // namespace latcast::learn
