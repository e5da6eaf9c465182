#include "experiments/mobile/tables.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "session/importing.h"
#include "store/store.h"
#include "tables/table_map.h"
#include "tables/table_reader.h"

namespace latcast::experiments {
using namespace learn;

namespace {

constexpr std::array kTables = {"tflite_cnn_ops_gpu", "tflite_cnn_e2e", "torch_cnn_ops_gpu", "torch_cnn_e2e"};

constexpr Processor kProcessors[] = {
    {"gpu", 0, ""},          {"1large", 1, "1large"}, {"2large", 2, "1large"},     {"3large", 3, "1large"},
    {"4large", 4, "1large"}, {"1med", 1, "1med"},     {"2med", 2, "1med"},         {"3med", 3, "1med"},
    {"1small", 1, "1small"}, {"2small", 2, "1small"}, {"3small", 3, "1small"},     {"4small", 4, "1small"},
    {"5small", 5, "1small"}, {"6small", 6, "1small"}, {"1large1med", 2, "1large"}, {"1large2med", 3, "1large"},
};

constexpr Phone kPhones[] = {
    {"pixel4", true, true, ""},     {"s10", true, true, "a03s"},  {"mi8se", true, false, "pixel4"},
    {"a03s", true, false, ""},      {"iphone7", true, false, ""}, {"iphonexs", true, false, "iphone7"},
    {"onefusion", false, true, ""},
};

Result<void> import(Store& store, const std::filesystem::path& data, const std::filesystem::path& maps,
                    const std::string& table, const Catalogue& catalogue, session::Listener& listener) {
  auto summary = session::import_table(store, (data / (table + ".csv")).string(), (maps / (table + ".toml")).string(),
                                       catalogue, listener);
  if (!summary) return tl::unexpected(summary.error());
  return {};
}

Result<MobileTarget> load(Store& store, const TargetRecord& record, const Catalogue& catalogue) {
  const auto setting = [&](const char* name) {
    const auto found = record.settings.find(name);
    return found == record.settings.end() ? std::string() : found->second;
  };
  MobileTarget out{record.name, record.engine, record.device, setting("precision"), nullptr, {}};
  const auto processor = std::ranges::find(kProcessors, setting("cores"), &Processor::name);
  if (processor == std::end(kProcessors))
    return fail(Errc::not_found, "the target " + record.name + " runs on '" + setting("cores") + "', which is unknown");
  out.processor = processor;
  auto loaded = load_table_networks(store, record, catalogue);
  if (!loaded) return tl::unexpected(loaded.error());
  out.networks = std::move(loaded->networks);
  std::erase_if(out.networks, [](const TableNetwork& one) { return !(one.total_ns > 0); });
  return out;
}

}  // namespace

std::span<const Phone> phones() { return kPhones; }

const MobileTarget* MobileTables::find(std::string_view engine, std::string_view device, std::string_view processor,
                                       std::string_view precision) const {
  const auto found = std::ranges::find_if(targets, [&](const MobileTarget& one) {
    return one.engine == engine && one.device == device && one.processor->name == processor &&
           one.precision == precision;
  });
  return found == targets.end() ? nullptr : &*found;
}

Result<MobileTables> load_mobile_tables(const std::string& data, const std::string& maps, session::Listener& listener) {
  auto catalogue = Catalogue::builtin({});
  if (!catalogue) return tl::unexpected(catalogue.error());
  MobileTables out{catalogue->restricted([](const ModuleType& type) { return type.given(); }), {}};
  auto store = Store::create(":memory:");
  if (!store) return tl::unexpected(store.error());
  for (const char* table : kTables) {
    if (auto ok = import(*store, data, maps, table, out.catalogue, listener); !ok) return tl::unexpected(ok.error());
  }
  const auto records = store->targets();
  if (!records) return tl::unexpected(records.error());
  for (const TargetRecord& record : *records) {
    auto target = load(*store, record, out.catalogue);
    if (!target) return tl::unexpected(target.error());
    if (!target->networks.empty()) out.targets.push_back(std::move(*target));
  }
  std::ranges::sort(out.targets, {}, [](const MobileTarget& one) { return std::tie(one.engine, one.name); });
  return out;
}

double twin_share(std::span<const TableNetwork> networks) {
  using Key = std::pair<std::size_t, std::vector<double>>;
  std::map<Key, std::set<std::size_t>> holders;
  const auto each_listed = [&](const auto& visit) {
    for (std::size_t i = 0; i < networks.size(); ++i) {
      for (const TableNetworkModule& module : networks[i].modules) {
        if (module.listed) visit(i, Key{module.type, module.parameters});
      }
    }
  };
  each_listed([&](std::size_t network, const Key& key) { holders[key].insert(network); });
  double all = 0, twins = 0;
  each_listed([&](std::size_t, const Key& key) {
    all += 1;
    twins += holders[key].size() > 1 ? 1 : 0;
  });
  return all > 0 ? twins / all : 0;
}

}  // namespace latcast::experiments
