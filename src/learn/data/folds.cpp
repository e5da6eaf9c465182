#include "learn/data/folds.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>

namespace latcast::learn {
namespace {

std::uint64_t scramble(std::uint64_t x) {  // splitmix64 (Steele, Lea & Flood 2014)
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

struct Group {
  int id = 0;
  std::size_t samples = 0;
  std::uint64_t order = 0;
};

std::vector<Group> sized_groups(std::span<const int> groups, std::uint64_t seed) {
  std::map<int, std::size_t> sizes;
  for (const int group : groups) ++sizes[group];
  std::vector<Group> out;
  for (const auto& [id, samples] : sizes) out.push_back({id, samples, scramble(seed ^ static_cast<std::uint64_t>(id))});
  std::ranges::sort(out, [](const Group& a, const Group& b) {
    return a.samples != b.samples ? a.samples > b.samples : a.order < b.order;
  });
  return out;
}

}  // namespace

std::vector<int> grouped_folds(std::span<const int> groups, int folds, std::uint64_t seed) {
  const std::vector<Group> sized = sized_groups(groups, seed);
  const std::size_t count = std::clamp<std::size_t>(sized.size(), 1, static_cast<std::size_t>(std::max(folds, 1)));
  std::vector<std::size_t> load(count, 0);
  std::map<int, int> fold_of_group;
  for (const Group& group : sized) {
    const auto least = std::ranges::min_element(load);
    *least += group.samples;
    fold_of_group[group.id] = static_cast<int>(least - load.begin());
  }
  std::vector<int> out;
  out.reserve(groups.size());
  for (const int group : groups) out.push_back(fold_of_group[group]);
  return out;
}

std::vector<int> stratified_folds(const std::vector<std::vector<int>>& classes, int folds, std::uint64_t seed) {
  std::map<int, double> total;
  for (const auto& group : classes) {
    for (const int one : group) total[one] += 1.0;
  }
  std::vector<Group> order;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    order.push_back({static_cast<int>(i), classes[i].size(), scramble(seed ^ static_cast<std::uint64_t>(i))});
  }
  std::ranges::sort(order, [](const Group& a, const Group& b) { return a.order < b.order; });
  const auto count = static_cast<std::size_t>(std::max(folds, 1));
  std::vector<std::map<int, double>> load(count);  // share of each class that a fold has
  std::vector<double> groups(count, 0.0);
  std::vector<int> out(classes.size(), 0);
  for (const Group& group : order) {
    std::size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t fold = 0; fold < count; ++fold) {
      double full = groups[fold] / static_cast<double>(classes.size());
      for (const int one : classes[static_cast<std::size_t>(group.id)]) full += load[fold][one];
      if (full < least) {
        least = full;
        best = fold;
      }
    }
    for (const int one : classes[static_cast<std::size_t>(group.id)]) load[best][one] += 1.0 / total[one];
    groups[best] += 1.0;
    out[static_cast<std::size_t>(group.id)] = static_cast<int>(best);
  }
  return out;
}

Split split(std::span<const int> fold_of, int fold) {
  Split out;
  for (std::size_t i = 0; i < fold_of.size(); ++i) {
    (fold_of[i] == fold ? out.test : out.train).push_back(static_cast<Eigen::Index>(i));
  }
  return out;
}

std::uint64_t derive_seed(std::uint64_t seed, std::string_view name, std::uint64_t part) {
  std::uint64_t out = scramble(seed ^ scramble(part));
  for (const char letter : name) out = scramble(out ^ static_cast<unsigned char>(letter));
  return out;
}

std::vector<int> family_groups(const std::vector<NetworkTruth>& networks, int groups) {
  std::map<std::string, int> ids;
  std::vector<int> family;
  for (const NetworkTruth& network : networks) {
    family.push_back(ids.emplace(network.family, static_cast<int>(ids.size())).first->second);
  }
  return grouped_folds(family, groups, 1);
}

}  // namespace latcast::learn
