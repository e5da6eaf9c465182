// Measured samples of a kernel class, from tests/data/learn: part of a campaign on a desktop CPU.
#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "learn/data/rows.h"

namespace latcast::learn::test {

inline std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string field; std::getline(in, field, ',');) out.push_back(field);
  return out;
}

/// Columns: network, latency_ns, weight, base terms ("term:..."), features.
inline Rows real_rows(const std::string& name) {
  std::ifstream in(std::string(LATCAST_TEST_DATA) + "/learn/" + name + ".csv");
  std::string line;
  if (!std::getline(in, line)) throw std::runtime_error("no samples of " + name);
  KernelSamples samples;
  for (const std::string& column : fields_of(line)) {
    (column.starts_with("term:") ? samples.term_names : samples.feature_names).push_back(column);
  }
  samples.feature_names.erase(samples.feature_names.begin(), samples.feature_names.begin() + 3);
  std::vector<std::vector<std::string>> table;
  while (std::getline(in, line)) table.push_back(fields_of(line));
  const auto count = static_cast<Eigen::Index>(table.size());
  const auto terms = static_cast<Eigen::Index>(samples.term_names.size());
  const auto features = static_cast<Eigen::Index>(samples.feature_names.size());
  samples.terms.resize(count, terms);
  samples.features.resize(count, features);
  samples.latency_ns.resize(count);
  samples.weight.resize(count);
  for (Eigen::Index i = 0; i < count; ++i) {
    const auto number = [&](Eigen::Index column) { return std::stod(table[std::size_t(i)].at(std::size_t(column))); };
    samples.network.push_back(int(number(0)));
    samples.latency_ns[i] = number(1);
    samples.weight[i] = number(2);
    for (Eigen::Index j = 0; j < terms; ++j) samples.terms(i, j) = number(3 + j);
    for (Eigen::Index j = 0; j < features; ++j) samples.features(i, j) = number(3 + terms + j);
  }
  std::vector<Eigen::Index> kept;
  return make_rows(samples, kept);
}

}  // namespace latcast::learn::test
