// The public tables of phones (docs/tables.md), target by target, and what there is to know of the targets.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue/catalogue.h"
#include "latcast/result.h"
#include "learn/data/table_networks.h"
#include "session/listener.h"

namespace latcast::experiments {

/// What a network runs on, as the tables call it.
struct Processor {
  std::string_view name;    // `cores` of the maps
  int cores = 0;            // of the CPU; 0: the GPU
  std::string_view single;  // one of its cores, the fastest kind where there are several
};

struct Phone {
  std::string_view name;
  bool mobile_gpu = false;       // the tables have its GPU with TensorFlow Lite
  bool vulkan = false;           // with PyTorch through Vulkan
  std::string_view related_gpu;  // the phone whose GPU is of the same vendor or runs the same backend; empty: none
};

[[nodiscard]] std::span<const Phone> phones();

struct MobileTarget {
  std::string name, engine, device, precision;
  const Processor* processor = nullptr;
  std::vector<learn::TableNetwork> networks;  // that have a total
};

struct MobileTables {
  Catalogue catalogue;
  std::vector<MobileTarget> targets;  // by engine and name

  /// Null where the tables have no such target.
  [[nodiscard]] const MobileTarget* find(std::string_view engine, std::string_view device, std::string_view processor,
                                         std::string_view precision) const;
};

/// Imports the tables in the folder `data` by those in `maps`. Errc::not_found: a target runs on a processor that is
/// unknown. Errc::interrupted.
[[nodiscard]] Result<MobileTables> load_mobile_tables(const std::string& data, const std::string& maps,
                                                      session::Listener& listener);

/// Share of the listed operations that have an exact twin in another network.
[[nodiscard]] double twin_share(std::span<const learn::TableNetwork> networks);

}  // namespace latcast::experiments
