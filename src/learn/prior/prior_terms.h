// What one other target's pack says a module costs there, as one more base term here.
//
// A device with few measurements, or a core combination of which only totals are known, costs much what its proxy
// costs, scaled class by class; the measurements say by how much, and what is different. Where a network's latency on
// the proxy's target is known, the ratio of that to the proxy's forecast tells of the network itself. Devices as
// proxies of each other: after Lu, Yang & Ren 2020 (arXiv 2009.00278); terms, caps and ratio are our design.
#pragma once

#include <Eigen/Core>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "catalogue/catalogue.h"
#include "core/pack_content.h"
#include "latcast/result.h"
#include "learn/data/table_networks.h"
#include "learn/data/training_set.h"

namespace latcast::learn {

/// Base terms that come from another pack, the proxy.
class PriorTerms {
 public:
  /// Appends them to the classes of the set that the proxy has a form of: what a module costs there and, where totals
  /// are all that is known here, the same up to two caps, for modules too small to gain from what is faster here.
  /// `name` tells the columns of several packs apart. Errc::mismatch: the proxy was trained with another catalogue.
  [[nodiscard]] static Result<PriorTerms> add_to(TrainingSet& set, const PackContent& proxy,
                                                 const std::string& name = "proxy");

  /// Makes a pack that was trained on such a set stand for itself: its forms hold the proxy's. Classes that nothing was
  /// known of get the proxy's, scaled. Errc::invalid_input: a form grew beyond what packs may hold.
  [[nodiscard]] Result<void> settle(PackContent& content, const PackContent& proxy) const;

 private:
  struct Term {
    FormSpec form;
    std::size_t own_terms = 0;  // of the class; the proxy's follow
    std::vector<double> caps;   // of the proxy's terms
  };
  std::map<std::pair<std::size_t, std::size_t>, Term> terms_;  // by type and kernel
  double scale_ = 1;                                           // ns here for a ns there, in the median
};

/// Latency on the proxy's target over the proxy's forecast of it, per network; NaN where it is not among `known_ns`.
[[nodiscard]] Result<std::vector<double>> known_ratios(std::span<const TableNetwork> networks,
                                                       const Catalogue& catalogue, const PackContent& proxy,
                                                       const std::map<std::string, double>& known_ns);

/// Takes the ratios out of the networks' totals: what is left to learn is what the proxy's target does not tell.
/// Networks without a ratio lose their total.
void divide_totals(std::vector<TableNetwork>& networks, std::span<const double> ratios);

}  // namespace latcast::learn
