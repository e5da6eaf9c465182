#include <algorithm>

#include "catalogue/expression_compiler.h"
#include "catalogue/toml_reader.h"
#include "core/mapped_file.h"
#include "measure/campaign.h"
#include "measure/carriers/module_carrier.h"

namespace latcast {
namespace {

void check_range(TomlReader& toml, const toml::table& table, std::string_view key, double value, double low,
                 double high) {
  if (value >= low && value <= high) return;
  std::string bounds = std::to_string(low) + " and " + std::to_string(high);
  const toml::node* node = table.get(key);
  toml.fail_at(node != nullptr ? *node : static_cast<const toml::node&>(table),
               "'" + std::string(key) + "' must lie between " + bounds);
}

void read_families(TomlReader& toml, const toml::table& table, const Catalogue& catalogue, CampaignConfig& config) {
  std::vector<std::string> known = families();
  for (const ModuleType& type : catalogue.types()) {
    if (type.build) known.push_back(module_family(type));
  }
  const toml::array* list = toml.array(table, "families");
  if (list == nullptr) return;
  for (const toml::node& node : *list) {
    const std::string name = node.value<std::string>().value_or("");
    if (std::ranges::find(known, name) == known.end()) {
      const auto near = closest_name(name, known);
      toml.fail_at(node, "there is no family '" + name + "'" + (near ? "; did you mean '" + *near + "'?" : ""));
    }
    config.families.push_back(name);
  }
}

/// NAME = NUMBER, or a list of numbers to draw from.
void read_conditions(TomlReader& toml, const toml::table& table, CampaignConfig& config) {
  const toml::table* conditions = toml.subtable(table, "conditions");
  if (conditions == nullptr) return;
  for (const auto& [name, node] : TomlReader::in_file_order(*conditions)) {
    std::vector<double>& values = config.conditions[name];
    if (node->is_array()) {
      values = toml.numbers(*conditions, name);
    } else {
      values = {toml.number(*conditions, name, 0)};
    }
    if (values.empty()) toml.fail_at(*node, "'" + name + "' needs a number, or a list of some to draw from");
  }
}

}  // namespace

Result<CampaignConfig> read_campaign_config(const std::string& file, const Catalogue& catalogue) {
  const auto mapped = detail::MappedFile::open(file);
  if (!mapped) return tl::unexpected(mapped.error());
  auto parsed = parse_toml(mapped->text(), file);
  if (!parsed) return tl::unexpected(parsed.error());
  TomlReader toml(file);
  CampaignConfig config;
  toml.check_keys(*parsed, {"families", "rounds", "max_macs", "max_weight_bytes", "burst_ms", "profile_ms",
                            "module_share", "adaptive_share", "conditions"});
  read_families(toml, *parsed, catalogue, config);
  read_conditions(toml, *parsed, config);
  const auto number = [&](std::string_view key, double fallback, double low, double high) {
    const double value = toml.number(*parsed, key, fallback);
    check_range(toml, *parsed, key, value, low, high);
    return value;
  };
  config.rounds = static_cast<int>(number("rounds", 0, 0, 1000));
  config.max_macs = number("max_macs", config.max_macs, 1e6, 1e12);
  config.max_weight_bytes = number("max_weight_bytes", config.max_weight_bytes, 1e4, 2e9);
  config.burst = Nanos(1e6 * number("burst_ms", config.burst.count() / 1e6, 1, 10000));
  config.profile = Nanos(1e6 * number("profile_ms", config.profile.count() / 1e6, 1, 10000));
  config.module_share = number("module_share", config.module_share, 0, 1);
  config.adaptive_share = number("adaptive_share", config.adaptive_share, 0, 0.9);
  if (const auto& error = toml.error()) return tl::unexpected(*error);
  return config;
}

}  // namespace latcast
