// What it takes to ask a pack about networks: the catalogue that it was trained with, and what its engine would
// execute.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalogue/catalogue.h"
#include "graph/module_network.h"
#include "latcast/pack.h"
#include "latcast/predictor.h"
#include "rules/rule.h"

namespace latcast {

/// The catalogue whose types the pack's models are of.
[[nodiscard]] Result<Catalogue> pack_catalogue(const Pack& pack);

/// For each of the catalogue's types the pack's, or kUnknownType.
[[nodiscard]] std::vector<std::uint32_t> pack_types(const Pack& pack, const Catalogue& catalogue);

/// A pack with what it takes to ask it about networks.
struct OpenPack {
  Pack pack;
  Catalogue catalogue;
  std::vector<std::uint32_t> types;  // pack_types()
  Predictor predictor;

  /// `now_unix_s` as for Predictor. Errors: those of the pack's catalogue.
  static Result<OpenPack> open(const Pack& pack, std::optional<std::int64_t> now_unix_s = std::nullopt);
  /// With a catalogue of its own, or with a part of the pack's.
  static OpenPack with(Pack pack, Catalogue catalogue, std::optional<std::int64_t> now_unix_s = std::nullopt);
  /// Empty: no model, so no kernel class.
  [[nodiscard]] std::string kernel_of(std::size_t catalogue_type, const ModuleForecast& forecast) const;
};

/// What the predictor is asked for a network; refers to its parameters. `types`: pack_types().
[[nodiscard]] std::vector<ModuleQuery> module_queries(const ModuleNetwork& network,
                                                      const std::vector<std::uint32_t>& types);

/// The pack's engine as rules know it. Errc::unsupported: there are none for it.
[[nodiscard]] Result<rules::EngineTarget> rule_target(const Target& target);

}  // namespace latcast
