// Carriers made from the catalogue's data alone: a module type that a TOML file adds gets samples without code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "catalogue/catalogue.h"
#include "measure/carriers/carrier.h"

namespace latcast {

/// "module:TYPE"
[[nodiscard]] std::string module_family(const ModuleType& type);
[[nodiscard]] bool is_module_family(std::string_view name);

/// Family module_family(type): up to n random modules of `type` (fewer where its `limit` rejects most draws), drawn
/// from `sampling` and made as `build` says. Most inputs that are no constants pass through a small operator first, so
/// that they are warm as in a network, the others are read cold; the modules' outputs are outputs of the graph.
/// `type.build` must be there.
[[nodiscard]] Carrier make_module_carrier(const ModuleType& type, std::uint64_t seed, std::size_t n);

}  // namespace latcast
