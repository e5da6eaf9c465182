// Imported tables -> networks with modules, and training sets: extracts of a benchmark of phones.
#include "learn/data/table_networks.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <string>

#include "learn/data/sample_collector.h"
#include "must.h"
#include "store/import_writer.h"
#include "tables/table_reader.h"

namespace latcast::learn {
namespace {

using test::must;

void must_do(const Result<void>& result) { ASSERT_TRUE(result.has_value()) << result.error().context; }

TargetRecord record_of(const TableTarget& target) {
  TargetRecord out{0, target.name, target.device, "", target.engine, target.engine_version, "", target.settings};
  for (const auto& [name, value] : target.conditions) out.settings["condition." + name] = std::to_string(value);
  return out;
}

/// What `latcast import` does, in short.
class Import {
 public:
  Import(Store& store, const std::string& name, const Catalogue& catalogue)
      : map_(must(read_map(std::string(LATCAST_MAPS) + "/mobile/" + name + ".toml"))),
        reader_(must(TableReader::open(std::string(LATCAST_TEST_DATA) + "/mobile/" + name + ".csv", map_, catalogue,
                                       TableReader::Use::measurements))),
        catalogue_(catalogue),
        rows_(must(ImportWriter::begin(store, {0, map_.name, kind(), map_.text, name + ".csv", 1700000000, "0", {}}))) {
    for (const TableTarget& target : reader_.targets()) targets_.push_back(must(rows_.add_target(record_of(target))));
    TableRow row;
    while (must(reader_.next(row))) add(row);
    must_do(rows_.commit({{"rows", 1}}));
  }

 private:
  [[nodiscard]] std::string kind() const { return map_.rows == TableMap::Rows::networks ? "networks" : "operations"; }

  void add(const TableRow& row) {
    const auto [found, fresh] = networks_.try_emplace(row.network, 0);
    if (fresh) found->second = must(rows_.add_network(row.network, family_of(map_, row.network)));
    for (const TableModule& module : row.modules) add(row, module, found->second);
    for (std::size_t t = 0; row.modules.empty() && t < targets_.size(); ++t) {
      const TableCell& cell = row.latencies[t];
      if (cell.state != TableCell::State::measured) continue;
      must_do(rows_.add_total(targets_[t], found->second, std::llround(cell.latency_ns), 1000));
    }
  }

  void add(const TableRow& row, const TableModule& module, std::int64_t network) {
    const ModuleType& type = catalogue_.types()[module.type];
    OperationRecord operation{
        0, network, row.order.value_or(0), static_cast<std::int64_t>(row.line), type.name, {}, module.listed, {}, ""};
    for (std::size_t i = 0; i < module.parameters.size(); ++i) {
      if (!std::isnan(module.parameters[i])) operation.parameters[type.parameters[i].name] = module.parameters[i];
    }
    const std::int64_t id = must(rows_.add_operation(operation));
    for (std::size_t t = 0; module.listed && t < targets_.size(); ++t) {
      const TableCell& cell = row.latencies[t];
      if (cell.state != TableCell::State::measured) continue;
      must_do(rows_.add_latency(targets_[t], id, std::llround(cell.latency_ns), cell.kernel));
    }
  }

  TableMap map_;
  TableReader reader_;
  const Catalogue& catalogue_;
  ImportWriter rows_;
  std::vector<std::int64_t> targets_;
  std::map<std::string, std::int64_t> networks_;
};

class TableNetworksTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("latcast_table_networks_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) +
               std::to_string(getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] Store store_of(const std::vector<std::string>& tables) const {
    Store store = must(Store::create((folder_ / "t.db").string()));
    for (const std::string& table : tables) Import(store, table, catalogue_);
    return store;
  }
  static TargetRecord target(Store& store, const std::string& name, const std::string& engine) {
    for (const TargetRecord& one : must(store.targets())) {
      if (one.name == name && one.engine == engine) return one;
    }
    throw std::runtime_error("no target " + name);
  }
  [[nodiscard]] TableNetworks load(Store& store, const std::string& name, const std::string& engine = "tflite") const {
    return must(load_table_networks(store, target(store, name, engine), catalogue_));
  }
  /// Modules of a type.
  [[nodiscard]] std::vector<const TableNetworkModule*> modules(const TableNetworks& data,
                                                               const std::string& type) const {
    std::vector<const TableNetworkModule*> out;
    for (const TableNetwork& network : data.networks) {
      for (const TableNetworkModule& module : network.modules) {
        if (catalogue_.types()[module.type].name == type) out.push_back(&module);
      }
    }
    return out;
  }

  std::filesystem::path folder_;
  Catalogue catalogue_ = must(Catalogue::builtin()).restricted([](const ModuleType& type) { return type.given(); });
};

TEST_F(TableNetworksTest, HaveTheirModulesAndTotals) {
  Store store = store_of({"tflite_cnn_ops_gpu", "tflite_cnn_e2e"});
  const TableNetworks data = load(store, "pixel4|gpu|float");
  ASSERT_EQ(data.networks.size(), 3U);
  EXPECT_EQ(data.without_operations, 0U);
  const TableNetwork& first = data.networks.front();
  EXPECT_EQ(first.name, "fdmobilenet_wd2");
  EXPECT_EQ(first.family, "mobilenet");
  EXPECT_GT(first.total_ns, 1e5);
  EXPECT_DOUBLE_EQ(first.deviation_ns, 1000);
  EXPECT_EQ(std::ranges::count(first.modules, true, &TableNetworkModule::listed), 25);
  const auto convs = modules(data, "mobile_conv2d");
  ASSERT_FALSE(convs.empty());
  EXPECT_EQ(convs.front()->parameters, (std::vector<double>{224, 112, 3, 16, 3, 2, 1, 0, 0, 1, 0, 0, 0, 0}));
  EXPECT_EQ(
      first.conditions,
      (Conditions{
          {"adreno", 1}, {"apple", 0}, {"bionic", 0}, {"compute_units", 2}, {"cpu", 0}, {"mali", 0}, {"powervr", 0}}));
  EXPECT_DOUBLE_EQ(convs.front()->latency_ns, 35430);
  EXPECT_EQ(convs.front()->engine_kernel, "conv_2d");
  for (const auto* module : modules(data, "mobile_fused")) {
    EXPECT_FALSE(module->listed);
    EXPECT_TRUE(std::isnan(module->latency_ns));
  }
}

TEST_F(TableNetworksTest, ATargetWithoutOperationsHasThoseOfItsNetworks) {
  Store store = store_of({"tflite_cnn_ops_gpu", "tflite_cnn_e2e", "torch_cnn_ops_gpu"});
  const TableNetworks data = load(store, "pixel4|1large|float");
  ASSERT_EQ(data.networks.size(), 3U);
  for (const auto* conv : modules(data, "mobile_conv2d")) {
    EXPECT_TRUE(std::isnan(conv->latency_ns));
  }
  EXPECT_EQ(data.networks.front().conditions.at("cpu"), 1);
  const TrainingSet set = make_training_set(data.networks, catalogue_);
  EXPECT_TRUE(set.representative);
  EXPECT_TRUE(set.kernels.empty());
  ASSERT_FALSE(set.unlisted.empty());
  for (const KernelSamples& samples : set.unlisted) {
    EXPECT_TRUE(samples.kernel_name.starts_with("cpu_")) << samples.kernel_name;
    EXPECT_EQ(samples.term_units.size(), samples.term_names.size()) << samples.kernel_name;
  }
  for (const NetworkTruth& network : set.networks) EXPECT_FALSE(network.probe);
}

TEST_F(TableNetworksTest, TotalsWithoutOperationsAreCounted) {
  Store store = store_of({"torch_cnn_ops_gpu", "tflite_cnn_e2e"});
  const TableNetworks data = load(store, "pixel4|1large|float");
  EXPECT_TRUE(data.networks.empty());
  EXPECT_EQ(data.without_operations, 3U);
  EXPECT_EQ(data.first_without_operations, "fdmobilenet_wd2");
}

TEST_F(TableNetworksTest, FreeModulesAreLeftOutAndUnlistedOnesApart) {
  Store store = store_of({"tflite_cnn_ops_gpu", "tflite_cnn_e2e"});
  TableNetworks data = load(store, "pixel4|gpu|float");
  ASSERT_FALSE(modules(data, "mobile_fused").empty());
  const ModuleType* type = catalogue_.find("mobile_elementwise");
  ASSERT_NE(type, nullptr);
  data.networks[1].modules.push_back({.type = static_cast<std::size_t>(type - catalogue_.types().data()),
                                      .parameters = {1, 1000, 0},
                                      .listed = false,
                                      .engine_kernel = ""});
  const TrainingSet set = make_training_set(data.networks, catalogue_);
  std::size_t rows = 0;
  for (const KernelSamples& samples : set.kernels) {
    EXPECT_NE(samples.type_name, "mobile_fused");
    EXPECT_TRUE(samples.latency_ns.allFinite()) << samples.kernel_name;
    rows += samples.network.size();
  }
  EXPECT_EQ(rows, 60U);
  const auto elementwise = std::ranges::find(set.unlisted, "elementwise", &KernelSamples::kernel_name);
  ASSERT_NE(elementwise, set.unlisted.end());
  EXPECT_EQ(elementwise->network.back(), 1);
  for (const KernelSamples& samples : set.unlisted) EXPECT_EQ(samples.type_name, "mobile_elementwise");
  ASSERT_EQ(set.networks.size(), 3U);
  std::size_t references = 0;
  for (const NetworkTruth& network : set.networks) references += network.modules.size();
  EXPECT_EQ(references, rows);
}

TEST_F(TableNetworksTest, ANetworkWithAMissingLatencyTeachesModulesOnly) {
  Store store = store_of({"tflite_cnn_ops_gpu", "tflite_cnn_e2e"});
  TableNetworks data = load(store, "pixel4|gpu|float");
  const auto listed = std::ranges::find(data.networks[2].modules, true, &TableNetworkModule::listed);
  listed->latency_ns = std::nan("");
  data.networks[0].total_ns = std::nan("");
  const TrainingSet set = make_training_set(data.networks, catalogue_);
  EXPECT_TRUE(set.networks[0].probe);
  EXPECT_FALSE(set.networks[1].probe);
  EXPECT_TRUE(set.networks[2].probe);
}

TEST_F(TableNetworksTest, RulesSayTheRecordedKernelOnAndroidDevices) {
  Store store = store_of({"tflite_cnn_ops_gpu", "torch_cnn_ops_gpu"});
  const auto check = [&](const std::string& device, const std::string& engine, std::size_t rows) {
    const TableNetworks data = load(store, device + "|gpu|float", engine);
    const RuleAgreement rules = check_rules(data.networks, catalogue_);
    EXPECT_EQ(rules.other, 0U) << device << " " << engine << " " << rules.first;
    EXPECT_EQ(rules.recorded, rows) << device << " " << engine;
  };
  for (const char* device : {"pixel4", "s10", "mi8se", "a03s"}) check(device, "tflite", 60);
  for (const char* device : {"pixel4", "onefusion"}) check(device, "torch", 99);
  check("s10", "torch", 65);  // one of the networks was not measured
}

/// What a thread of a GPU's convolution computes: positions across and down, slices of four channels.
struct Block {
  double x = 0, y = 0, slices = 0;
  bool operator==(const Block&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Block& block) {
    return out << block.x << " x " << block.y << " x " << block.slices;
  }
};

Block block_of(const Catalogue& catalogue, const std::map<std::string, double>& given) {
  const ModuleType* type = catalogue.find("mobile_conv2d");
  const std::map<std::string, double> usual = {{"stride", 1}, {"groups", 1}, {"cin", 64}, {"k", 1}};
  std::vector<double> parameters;
  for (const Parameter& parameter : type->parameters) {
    const auto own = given.find(parameter.name == "hi" ? "ho" : parameter.name);
    const auto other = usual.find(parameter.name);
    parameters.push_back(own != given.end() ? own->second : other != usual.end() ? other->second : 0.0);
  }
  const auto index = static_cast<std::size_t>(type - catalogue.types().data());
  Conditions conditions;
  for (const std::string& name : type->conditions)
    conditions[name] = given.contains(name) ? given.find(name)->second : 0.0;
  const auto slots = SampleCollector(catalogue).slots(index, parameters, conditions);
  const auto derived = [&](std::string_view name) {
    const auto found = std::ranges::find(type->derived, name, &Derived::name);
    return slots.values.at(slots.values.size() - static_cast<std::size_t>(type->derived.end() - found));
  };
  return {derived("block_x"), derived("block_y"), derived("block_slices")};
}

// By hand, from the rules of TensorFlow's delegate.
TEST(MobileConvolutions, HaveTheBlocksThatTheDelegateGuesses) {
  const Catalogue catalogue = must(Catalogue::builtin({}));
  using Given = std::map<std::string, double>;
  const auto with = [&](Given device, const Given& shape) {
    device.insert(shape.begin(), shape.end());
    return block_of(catalogue, device);
  };
  const Given adreno = {{"adreno", 1}, {"compute_units", 2}}, mali = {{"mali", 1}, {"compute_units", 12}};
  const Given powervr = {{"powervr", 1}, {"compute_units", 1}}, apple = {{"apple", 1}, {"compute_units", 6}};
  const Given bionic = {{"apple", 1}, {"bionic", 1}, {"compute_units", 4}};
  EXPECT_EQ(with(adreno, {{"ho", 7}, {"cout", 64}}), (Block{1, 1, 1}));
  EXPECT_EQ(with(adreno, {{"ho", 14}, {"cout", 48}}), (Block{2, 1, 1}));
  EXPECT_EQ(with(adreno, {{"ho", 14}, {"cout", 64}}), (Block{2, 1, 2}));
  EXPECT_EQ(with(adreno, {{"ho", 14}, {"cout", 128}}), (Block{2, 2, 2}));
  EXPECT_EQ(with(adreno, {{"ho", 56}, {"cout", 128}, {"groups", 32}, {"k", 3}}), (Block{2, 2, 1}));
  EXPECT_EQ(with(mali, {{"ho", 56}, {"cout", 256}}), (Block{2, 2, 2}));
  EXPECT_EQ(with(mali, {{"ho", 56}, {"cout", 256}, {"k", 3}}), (Block{2, 1, 2}));
  EXPECT_EQ(with(mali, {{"ho", 112}, {"cout", 12}}), (Block{2, 2, 1}));
  EXPECT_EQ(with(mali, {{"ho", 7}, {"cout", 64}}), (Block{1, 1, 1}));
  EXPECT_EQ(with(powervr, {{"ho", 14}, {"cout", 12}}), (Block{2, 1, 3}));
  EXPECT_EQ(with(powervr, {{"ho", 14}, {"cout", 24}}), (Block{2, 1, 2}));
  EXPECT_EQ(with(powervr, {{"ho", 14}, {"cout", 256}, {"groups", 32}, {"k", 3}}), (Block{2, 1, 2}));
  EXPECT_EQ(with(apple, {{"ho", 56}, {"cout", 64}}), (Block{1, 1, 4}));
  EXPECT_EQ(with(apple, {{"ho", 7}, {"cout", 64}}), (Block{1, 1, 1}));
  EXPECT_EQ(with(bionic, {{"ho", 56}, {"cout", 64}}), (Block{1, 2, 4}));
  EXPECT_EQ(with(bionic, {{"ho", 14}, {"cout", 72}}), (Block{1, 2, 1}));
}

TEST_F(TableNetworksTest, SayWhichTypeOrParameterIsMissing) {
  Store store = store_of({"tflite_cnn_ops_gpu"});
  const TargetRecord target = this->target(store, "pixel4|gpu|float", "tflite");
  const Catalogue none = catalogue_.restricted([](const ModuleType& type) { return type.name != "mobile_pool"; });
  const auto unknown = load_table_networks(store, target, none);
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().context.find("'mobile_pool', which the catalogue lacks"), std::string::npos)
      << unknown.error().context;
  TargetRecord without = target;
  without.settings.erase("condition.adreno");
  const auto condition = load_table_networks(store, without, catalogue_);
  ASSERT_FALSE(condition.has_value());
  EXPECT_NE(condition.error().context.find("without the condition 'adreno' of mobile_conv2d"), std::string::npos)
      << condition.error().context;
}

}  // namespace
}  // namespace latcast::learn
