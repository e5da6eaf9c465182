// The order in which a campaign measures carriers: planned block families, the catalogue's own modules among them,
// pulled towards networks the user named.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalogue/catalogue.h"
#include "measure/campaign.h"
#include "measure/carriers/carrier.h"

namespace latcast {

class CarrierPlan {
 public:
  CarrierPlan(const Catalogue& catalogue, const CampaignOptions& options);

  /// Nothing of the families asked for can be made.
  [[nodiscard]] bool empty() const { return planned_.empty() && buildable_.empty(); }
  /// The index-th carrier; the same for the same catalogue and options.
  [[nodiscard]] Carrier make(std::size_t index) const;
  /// The index-th of a sequence that follows `families` (name, weight): what an advisor asked for.
  [[nodiscard]] Carrier make_advised(std::size_t index,
                                     const std::vector<std::pair<std::string, double>>& families) const;

  /// Module types that carriers can be made of whose operators (domain, name) are not among these.
  [[nodiscard]] std::vector<std::string> unreached(const std::set<std::pair<std::string, std::string>>& executed) const;

  /// Rough wall time of measuring it once, before anything is known about the machine.
  [[nodiscard]] Nanos expected_cost(const Carrier& carrier) const;

 private:
  void fill_buildable(const std::set<std::string>& wanted);
  void prefer_types_of(const std::vector<onnx::Model>& networks);
  [[nodiscard]] Carrier planned(std::size_t index) const;
  /// The type whose module carriers are of this family; null where there is none.
  [[nodiscard]] const ModuleType* buildable(std::string_view family) const;
  [[nodiscard]] double likeness(const Carrier& carrier) const;

  const Catalogue& catalogue_;
  CampaignConfig config_;
  CarrierOptions carrier_options_;
  std::uint64_t seed_;
  std::vector<PlannedCarrier> planned_;
  std::vector<std::size_t> buildable_;   // catalogue types with build data, repeated by share
  std::size_t module_every_ = 0;         // every so-manieth carrier is a module carrier; 0: none
  std::map<std::string, double> liked_;  // node signature -> share of the liked networks' nodes
};

}  // namespace latcast
