#include "experiments/coverage.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

namespace latcast::experiments {
namespace {

constexpr double kCovered = 0.95;

/// The operator, its kernel class where it has one, and what is the matter with the forecast.
std::string name_of(const session::Forecaster& forecaster, const Module& module, const ModuleForecast& part) {
  std::string out = module.op;
  const auto type = module.match == ModuleMatch::matched
                        ? forecaster.pack().find_type(forecaster.catalogue().types()[module.type].name)
                        : std::nullopt;
  if (type && part.kernel != kUnknownKernel)
    out += " (" + std::string(forecaster.pack().kernel_name(*type, part.kernel)) + ")";
  return out + " " + std::string(to_string(part.status));
}

/// By name.
class Collector {
 public:
  void add(const session::Forecaster& forecaster, const std::string& file, const FileForecast& forecast) {
    for (std::size_t m = 0; m < forecast.modules.size(); ++m) {
      const ModuleForecast& part = forecast.modules[m];
      if (part.status == ForecastStatus::ok) continue;
      const std::string name = name_of(forecaster, forecast.network.modules[m], part);
      Uncovered& entry = uncovered_[name];
      entry.module = name;
      entry.why = forecast.network.modules[m].reason;
      ++entry.nodes;
      entry.time_share += part.latency / forecast.total.quiet;
      files_[name].insert(file);
    }
  }

  [[nodiscard]] std::vector<Uncovered> sorted(std::size_t networks) {
    std::vector<Uncovered> out;
    for (auto& [name, entry] : uncovered_) {
      entry.networks = files_[name].size();
      entry.time_share /= static_cast<double>(std::max<std::size_t>(networks, 1));
      out.push_back(std::move(entry));
    }
    std::ranges::stable_sort(out, std::greater<>(), &Uncovered::time_share);
    return out;
  }

 private:
  std::map<std::string, Uncovered> uncovered_;
  std::map<std::string, std::set<std::string>> files_;
};

}  // namespace

CoverageReport check_coverage(std::span<const std::string> files, const DimBindings& dims,
                              session::Forecaster& forecaster, session::Listener& listener) {
  CoverageReport out;
  Collector collector;
  for (std::size_t i = 0; i < files.size() && !listener.cancelled(); ++i) {
    listener.progress(static_cast<double>(i) / static_cast<double>(files.size()), files[i]);
    const auto forecast = forecaster.forecast(files[i], dims);
    if (!forecast) {
      out.failures.push_back(forecast.error());
      continue;
    }
    ++out.networks;
    out.below += forecast->total.time_share < kCovered ? 1 : 0;
    collector.add(forecaster, files[i], *forecast);
  }
  out.uncovered = collector.sorted(out.networks);
  return out;
}

}  // namespace latcast::experiments
