#include "learn/data/sample_collector.h"

namespace latcast::learn {
namespace {

std::vector<double> values(const std::vector<Expression>& expressions, const std::vector<double>& slots) {
  std::vector<double> result;
  for (const Expression& expression : expressions) result.push_back(evaluate(expression.program, slots));
  return result;
}

Eigen::MatrixXd matrix(const std::vector<std::vector<double>>& rows, std::size_t columns) {
  Eigen::MatrixXd result(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(columns));
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      result(static_cast<Eigen::Index>(row), static_cast<Eigen::Index>(column)) = rows[row][column];
    }
  }
  return result;
}

Eigen::VectorXd vector(const std::vector<double>& numbers) {
  return Eigen::Map<const Eigen::VectorXd>(numbers.data(), static_cast<Eigen::Index>(numbers.size()));
}

}  // namespace

SampleCollector::Slots SampleCollector::slots(std::size_t type_index, std::span<const double> parameters,
                                              const Conditions& conditions) const {
  const ModuleType& type = catalogue_->types()[type_index];
  Slots out{{parameters.begin(), parameters.end()}, 0};
  out.values.reserve(type.slot_count());
  for (const std::string& name : type.conditions) out.values.push_back(conditions.at(name));
  for (const Derived& derived : type.derived) out.values.push_back(evaluate(derived.program, out.values));
  while (out.kernel + 1 < type.kernels.size() && !type.kernels[out.kernel].when.empty() &&
         evaluate(type.kernels[out.kernel].when, out.values) == 0)
    ++out.kernel;
  return out;
}

SampleCollector::Place SampleCollector::add(std::size_t type_index, const Slots& slots, double latency_ns,
                                            double weight, int network) {
  const ModuleType& type = catalogue_->types()[type_index];
  const Kernel& kernel = type.kernels[slots.kernel];
  const auto [found, fresh] = rows_.try_emplace({type_index, slots.kernel});
  Rows& rows = found->second;
  if (fresh) {
    rows.index = static_cast<int>(rows_.size()) - 1;
    rows.inputs.assign(slots.values.begin(), slots.values.end() - static_cast<std::ptrdiff_t>(type.derived.size()));
  }
  Place place{rows.index, static_cast<int>(rows.latency.size()), 0.0};
  if (type.macs) place.macs = evaluate(type.macs->program, slots.values);
  rows.terms.push_back(values(kernel.base, slots.values));
  rows.features.push_back(values(kernel.features, slots.values));
  rows.latency.push_back(latency_ns);
  rows.weight.push_back(weight);
  rows.network.push_back(network);
  return place;
}

std::vector<KernelSamples> SampleCollector::samples() const {
  std::vector<KernelSamples> out(rows_.size());
  for (const auto& [key, rows] : rows_) out[static_cast<std::size_t>(rows.index)] = to_samples(key, rows);
  return out;
}

KernelSamples SampleCollector::to_samples(std::pair<std::size_t, std::size_t> key, const Rows& rows) const {
  const ModuleType& type = catalogue_->types()[key.first];
  const Kernel& kernel = type.kernels[key.second];
  KernelSamples samples;
  samples.type = key.first;
  samples.kernel = key.second;
  samples.type_name = type.name;
  samples.kernel_name = kernel.name;
  for (const Expression& term : kernel.base) samples.term_names.push_back(term.text);
  for (const Expression& feature : kernel.features) samples.feature_names.push_back(feature.text);
  samples.term_units = kernel.base_units;
  samples.terms = matrix(rows.terms, kernel.base.size());
  samples.features = matrix(rows.features, kernel.features.size());
  samples.latency_ns = vector(rows.latency);
  samples.weight = vector(rows.weight);
  samples.network = rows.network;
  samples.parameters = rows.inputs;
  samples.parameters.resize(type.parameters.size());
  for (std::size_t c = 0; c < type.conditions.size(); ++c)
    samples.conditions[type.conditions[c]] = rows.inputs[type.parameters.size() + c];
  return samples;
}

}  // namespace latcast::learn
