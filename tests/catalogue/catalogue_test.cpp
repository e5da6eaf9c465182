#include "catalogue/catalogue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catalogue/builtin_catalogue.h"
#include "catalogue/definition_reader.h"
#include "catalogue/module_type_reader.h"
#include "core/limits.h"

namespace latcast {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSmall = R"(name = "scale"
summary = "a made-up module"
operators = ["Scale", "com.example:Scale"]

[parameters]
rows = "in0[0]"
columns = "in0[1] | 1"

[derived]
area = "rows * columns"
twice = "2 * area"

[[kernel]]
name = "wide"
when = "columns > 64"
base = ["area", "1"]
features = ["rows", "columns"]

[[kernel]]
name = "narrow"
base = ["twice"]
features = ["area"]
)";

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string with(std::string text, const std::string& old, const std::string& fresh) {
  const auto at = text.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return at == std::string::npos ? text : text.replace(at, old.size(), fresh);
}

std::string problem_of(const std::string& text) {
  const auto type = read_module_type(text, "scale.toml");
  EXPECT_FALSE(type.has_value()) << text;
  if (type) return "";
  EXPECT_EQ(type.error().code, Errc::invalid_input);
  EXPECT_TRUE(contains(type.error().context, "scale.toml")) << type.error().context;
  return type.error().context;
}

TEST(ModuleTypeReader, ReadsAType) {
  const auto type = read_module_type(kSmall, "scale.toml");
  ASSERT_TRUE(type.has_value()) << type.error().context;
  EXPECT_EQ(type->name, "scale");
  ASSERT_EQ(type->operators.size(), 2U);
  EXPECT_EQ(type->operators[1].domain, "com.example");
  EXPECT_EQ(type->operators[1].type, "Scale");
  ASSERT_EQ(type->parameters.size(), 2U);
  EXPECT_EQ(type->parameters[0].name, "rows");
  EXPECT_EQ(type->derived[1].name, "twice");
  ASSERT_EQ(type->kernels.size(), 2U);
  EXPECT_EQ(type->kernels[1].name, "narrow");
  EXPECT_EQ(evaluate(type->kernels[1].base[0].program, std::vector<double>{2, 3, 6, 12}), 12);
  EXPECT_EQ(type->source, kSmall);
}

TEST(ModuleTypeReader, AKernelMayBeFree) {
  const std::string free = with(with(kSmall, "base = [\"twice\"]\n", "free = true\n"), "features = [\"area\"]\n", "");
  const auto type = read_module_type(free, "scale.toml");
  ASSERT_TRUE(type.has_value()) << type.error().context;
  EXPECT_FALSE(type->kernels[0].free);
  EXPECT_TRUE(type->kernels[1].free);
  EXPECT_TRUE(type->kernels[1].base.empty());
  const auto inherited =
      read_module_type(with(free, "\n[parameters]", "base = [\"area\"]\n\n[parameters]"), "scale.toml");
  ASSERT_TRUE(inherited.has_value()) << inherited.error().context;
  EXPECT_TRUE(inherited->kernels[1].base.empty());
  const char* neither = "kernel 'narrow' is free: it has neither 'base' nor 'features'";
  EXPECT_TRUE(contains(problem_of(with(kSmall, "base = [\"twice\"]\n", "free = true\n")), neither));
  EXPECT_TRUE(contains(problem_of(with(kSmall, "features = [\"area\"]\n", "free = true\n")), neither));
  EXPECT_TRUE(contains(problem_of(with(free, "free = true", "free = 1")), "'free' must be true or false"));
}

TEST(ModuleTypeReader, AKernelHasTheEnginesNameOrItsOwn) {
  const auto type = read_module_type(
      with(kSmall, "name = \"narrow\"\n", "name = \"narrow\"\nengine_name = \"scale_2d\"\n"), "scale.toml");
  ASSERT_TRUE(type.has_value()) << type.error().context;
  EXPECT_EQ(type->kernels[0].engine_name, "wide");
  EXPECT_EQ(type->kernels[1].engine_name, "scale_2d");
  const auto single = read_module_type(
      "name = \"x\"\nsummary = \"x\"\noperators = [\"X\"]\nbase = [\"1\"]\nfeatures = [\"a\"]\n[parameters]\na = 1\n",
      "x.toml");
  ASSERT_TRUE(single.has_value()) << single.error().context;
  EXPECT_EQ(single->kernels[0].engine_name, "x");
  const auto problem = [](const char* value) {
    return problem_of(
        with(kSmall, "name = \"narrow\"\n", std::string("name = \"narrow\"\nengine_name = ") + value + "\n"));
  };
  EXPECT_TRUE(contains(problem("7"), "'engine_name' must be a text"));
  EXPECT_TRUE(contains(problem("\"\""), "'engine_name' must not be empty"));
}

TEST(ModuleTypeReader, HoldsForFloatsAndWhatIndexesThemUnlessItSaysOtherwise) {
  const auto usual = read_module_type(kSmall, "scale.toml");
  ASSERT_TRUE(usual.has_value());
  EXPECT_EQ(usual->dtypes, (std::vector<std::string>{"float32", "int64", "int32", "bool"}));
  const auto other = read_module_type(with(kSmall, "operators", "dtypes = [\"uint8\"]\noperators"), "scale.toml");
  ASSERT_TRUE(other.has_value()) << other.error().context;
  EXPECT_EQ(other->dtypes, (std::vector<std::string>{"uint8"}));
  EXPECT_TRUE(contains(problem_of(with(kSmall, "operators", "dtypes = [\"half\"]\noperators")), "'half'"));
  EXPECT_TRUE(contains(problem_of(with(kSmall, "operators", "dtypes = []\noperators")), "at least one element type"));
}

TEST(ModuleTypeReader, SuggestsTheNearestKey) {
  const std::string problem = problem_of(with(kSmall, "summary", "sumary"));
  EXPECT_TRUE(contains(problem, "unknown key 'sumary'; did you mean 'summary'?")) << problem;
  EXPECT_TRUE(contains(problem, "scale.toml:2:")) << problem;
  EXPECT_TRUE(
      contains(problem_of(with(kSmall, "features = [\"area\"]", "feature = [\"area\"]")), "did you mean 'features'?"));
  EXPECT_TRUE(contains(problem_of(std::string("colour = 1\n") + kSmall), "known keys:"));
}

TEST(ModuleTypeReader, MissesNoPart) {
  EXPECT_TRUE(contains(problem_of(with(kSmall, "name = \"scale\"\n", "")), "'name' is missing"));
  EXPECT_TRUE(
      contains(problem_of(with(kSmall, "operators = [\"Scale\", \"com.example:Scale\"]\n", "")), "'operators'"));
  EXPECT_TRUE(contains(problem_of(with(kSmall, "base = [\"twice\"]\n", "")), "kernel 'narrow' has no 'base' terms"));
  EXPECT_TRUE(contains(problem_of(with(kSmall, "features = [\"area\"]\n", "")), "kernel 'narrow' has no 'features'"));
  EXPECT_TRUE(contains(problem_of("name = \"x\"\nsummary = \"x\"\noperators = [\"X\"]\n"), "[parameters] is missing"));
  EXPECT_TRUE(contains(
      problem_of("name = \"x\"\nsummary = \"x\"\noperators = [\"X\"]\nkernel = []\n[parameters]\na = \"in0[0]\"\n"),
      "kernel"));
}

TEST(ModuleTypeReader, EveryModuleHasAKernel) {
  const std::string problem =
      problem_of(with(kSmall, "name = \"narrow\"\n", "name = \"narrow\"\nwhen = \"rows > 1\"\n"));
  EXPECT_TRUE(contains(problem, "the last kernel must have no 'when'")) << problem;
  EXPECT_TRUE(contains(problem_of(with(kSmall, "\"narrow\"", "\"wide\"")), "two kernels are called 'wide'"));
}

TEST(ModuleTypeReader, NamesAreUnknownWithTheirPlace) {
  const std::string problem = problem_of(with(kSmall, "\"2 * area\"", "\"2 * aria\""));
  EXPECT_TRUE(contains(problem, "scale.toml:11:")) << problem;
  EXPECT_TRUE(contains(problem, "did you mean 'area'?")) << problem;
  EXPECT_TRUE(contains(problem_of(with(kSmall, "twice =", "rows =")), "already taken"));
}

TEST(ModuleTypeReader, SyntaxErrorsNameTheLine) {
  EXPECT_TRUE(contains(problem_of("name = \"x\"\nsummary = \n"), "scale.toml:2:"));
  problem_of("");
  problem_of(std::string("\0\xff\xfe", 3));
  problem_of("name = 3\nsummary = [1]\noperators = \"X\"\nparameters = 1\n");
}

TEST(ModuleTypeReader, NamesAreNeitherEmptyNorPaths) {
  for (const char* name : {"", "a/b", "..", "a b", "module:a", "a\\\\b"}) {
    const std::string problem = problem_of(with(kSmall, "\"scale\"", '"' + std::string(name) + '"'));
    EXPECT_TRUE(contains(problem, ":1: 'name' must be made of letters, digits, '_' and '-'")) << problem;
  }
  EXPECT_TRUE(read_module_type(with(kSmall, "\"scale\"", "\"scale-2D_x\""), "scale.toml").has_value());
}

std::string counted(std::size_t count, const std::string& before, const std::string& after) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out.append(before).append(std::to_string(i)).append(after);
  return out;
}

TEST(ModuleTypeReader, TellsWhatIsMoreThanForecastsHaveRoomFor) {
  const auto listed = [](const char* old, const char* key, std::size_t count) {
    return with(kSmall, old, std::string(key) + " = [" + counted(count, "\"rows + ", "\", ") + "]\n");
  };
  const std::string terms = problem_of(listed("base = [\"twice\"]\n", "base", kMaxTerms + 1));
  EXPECT_TRUE(contains(terms, ":21: 'base' lists 33; at most 32 are possible")) << terms;
  const std::string features = problem_of(listed("features = [\"area\"]\n", "features", kMaxFeatures + 1));
  EXPECT_TRUE(contains(features, ":22: 'features' lists 65; at most 64 are possible")) << features;
  const auto sized = [](std::size_t more) {  // beside two parameters and two derived values
    return with(kSmall, "\n[derived]\n", counted(more, "p", " = 1\n") + "\n[derived]\n");
  };
  const std::string slots = problem_of(sized(kMaxSlots - 3));
  EXPECT_TRUE(contains(slots, "there are 257 parameters, conditions and derived values; at most 256")) << slots;
  for (const std::string& most : {listed("base = [\"twice\"]\n", "base", kMaxTerms),
                                  listed("features = [\"area\"]\n", "features", kMaxFeatures), sized(kMaxSlots - 4)})
    EXPECT_TRUE(read_module_type(most, "scale.toml").has_value());
}

TEST(ModuleTypeReader, RefusesNonsensicalSampling) {
  const auto sampled = [](const std::string& line) { return std::string(kSmall) + "[sample]\n" + line + "\n"; };
  EXPECT_TRUE(read_module_type(sampled("a = { range = [1, 64], multiple_of = 8, multiple_share = 0.5 }"), "scale.toml")
                  .has_value());
  EXPECT_TRUE(read_module_type(sampled("a = 3"), "scale.toml").has_value());
  EXPECT_TRUE(read_module_type(sampled("a = { choice = [1, 2], weights = [3, 1] }"), "scale.toml").has_value());
  for (const char* line :
       {"a = { range = [64, 1] }", "a = { range = [0, 4] }", "a = { range = [1] }", "a = { range = [1, inf] }",
        "a = { range = [1, nan] }", "a = { choice = [] }", "a = { }", "a = { choice = [1], range = [1, 2] }",
        "a = { choice = [1, 2], weights = [1] }", "a = { choice = [1, 2], weights = [1, 0] }",
        "a = { range = [1, 4], multiple_of = 0 }", "a = \"4\"", "a = { rnge = [1, 4] }"}) {
    const std::string problem = problem_of(sampled(line));
    EXPECT_TRUE(contains(problem, "scale.toml:")) << problem;
  }
  EXPECT_TRUE(contains(problem_of(sampled("a = { rnge = [1, 4] }")), "did you mean 'range'?"));
}

TEST(ModuleTypeReader, RefusesABuildThatCannotBeMade) {
  const auto built = [](const std::string& rest) {
    return std::string(kSmall) + "[sample]\nrows = { range = [1, 8] }\n[build]\n" + rest;
  };
  EXPECT_TRUE(
      read_module_type(built("operator = \"com.example:Scale\"\ninputs = [{ shape = [\"rows\", 4] }]\n"), "scale.toml")
          .has_value());
  EXPECT_TRUE(contains(problem_of(built("operator = \"Scale\"\n")), "at least one input"));
  EXPECT_TRUE(contains(problem_of(built("inputs = [{ shape = [\"rows\"] }]\n")), "'operator' is missing"));
  EXPECT_TRUE(
      contains(problem_of(built("operator = \"Scale\"\ninputs = [{ shape = [\"row\"] }]\n")), "did you mean 'rows'?"));
  EXPECT_TRUE(contains(problem_of(built("operator = \"Scale\"\ninputs = [{ shape = [\"rows\"], dtype = \"half\" }]\n")),
                       "dtype"));
  EXPECT_TRUE(
      contains(problem_of(built("operator = \"Scale\"\nshare = -1\ninputs = [{ shape = [\"rows\"] }]\n")), "share"));
  EXPECT_TRUE(contains(problem_of(std::string(kSmall) + "a.% = 1\n"), "key"));
  EXPECT_TRUE(contains(problem_of(std::string(kSmall) + "# \u00e9\n\u1695 = 1\n"), "not ASCII"));
  const std::string shadowed = "operator = \"Scale\"\ninputs = [{ shape = [\"rows\"] }]\n[build.let]\nrows = \"4\"\n";
  EXPECT_TRUE(contains(problem_of(built(shadowed)), "already drawn"));
  const std::string endless =
      "operator = \"Scale\"\ninputs = [{ shape = [4] }]\nattributes = { a = { each = \"i\" } }\n";
  EXPECT_TRUE(contains(problem_of(built(endless)), "needs both 'each' and 'count'"));
  EXPECT_TRUE(contains(problem_of(built("operator = [\"Scale\"]\ninputs = [{ shape = [4] }]\n")), "alternative"));
  EXPECT_TRUE(contains(problem_of(built("operator = []\ninputs = [{ shape = [4] }]\n")), "at least one alternative"));
}

/// Module types among the built-in files.
std::size_t builtin_types() {
  return static_cast<std::size_t>(std::ranges::count_if(
      detail::builtin_catalogue(), [](const auto& source) { return !holds_definitions(source.second); }));
}

TEST(BuiltinCatalogue, EveryFileLoadsAndFitsThePacks) {
  const auto catalogue = Catalogue::builtin();
  ASSERT_TRUE(catalogue.has_value()) << catalogue.error().context;
  EXPECT_EQ(catalogue->types().size(), builtin_types()) << "two files define the same type";
  for (const ModuleType& type : catalogue->types()) {
    EXPECT_LE(type.slot_count(), kMaxSlots) << type.name;
    for (const Kernel& kernel : type.kernels) {
      EXPECT_LE(kernel.base.size(), kMaxTerms) << type.name;
      EXPECT_LE(kernel.features.size(), kMaxFeatures) << type.name;
    }
  }
}

TEST(BuiltinCatalogue, HoldsEveryFileOfTheFolder) {
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(LATCAST_CATALOGUE))
    files += entry.path().extension() == ".toml" ? 1 : 0;
  EXPECT_EQ(files, detail::builtin_catalogue().size());
}

TEST(BuiltinCatalogue, CoversWhatEnginesExecute) {
  const auto catalogue = Catalogue::builtin();
  ASSERT_TRUE(catalogue.has_value());
  const std::vector<std::pair<std::string, std::string>> executed = {{"com.microsoft.nchwc", "Conv"},
                                                                     {"", "Conv"},
                                                                     {"com.microsoft", "FusedConv"},
                                                                     {"", "Gemm"},
                                                                     {"com.microsoft", "FusedGemm"},
                                                                     {"", "MatMul"},
                                                                     {"com.microsoft", "FusedMatMul"},
                                                                     {"com.microsoft", "QuickGelu"},
                                                                     {"", "Gelu"},
                                                                     {"com.microsoft", "Gelu"},
                                                                     {"com.microsoft.nchwc", "ReorderInput"},
                                                                     {"com.microsoft.nchwc", "ReorderOutput"},
                                                                     {"", "Mul"},
                                                                     {"", "Add"},
                                                                     {"", "Sub"},
                                                                     {"", "Div"},
                                                                     {"", "Pow"},
                                                                     {"", "Concat"},
                                                                     {"", "Split"},
                                                                     {"", "Slice"},
                                                                     {"", "Reshape"},
                                                                     {"", "Transpose"},
                                                                     {"", "ReduceMean"},
                                                                     {"", "ReduceSum"},
                                                                     {"", "ReduceL2"},
                                                                     {"", "Softmax"},
                                                                     {"", "LayerNormalization"},
                                                                     {"com.microsoft", "SkipLayerNormalization"},
                                                                     {"", "SimplifiedLayerNormalization"},
                                                                     {"", "BatchNormalization"},
                                                                     {"", "InstanceNormalization"},
                                                                     {"com.microsoft.nchwc", "MaxPool"},
                                                                     {"", "MaxPool"},
                                                                     {"com.microsoft.nchwc", "AveragePool"},
                                                                     {"", "AveragePool"},
                                                                     {"com.microsoft.nchwc", "GlobalAveragePool"},
                                                                     {"", "GlobalAveragePool"},
                                                                     {"", "Resize"},
                                                                     {"", "Upsample"},
                                                                     {"", "Gather"},
                                                                     {"", "Pad"},
                                                                     {"", "Expand"},
                                                                     {"", "Relu"},
                                                                     {"", "Clip"},
                                                                     {"", "Sigmoid"},
                                                                     {"", "HardSigmoid"},
                                                                     {"", "Tanh"},
                                                                     {"", "Erf"},
                                                                     {"", "Sqrt"},
                                                                     {"", "Squeeze"},
                                                                     {"", "Unsqueeze"},
                                                                     {"", "Flatten"},
                                                                     {"", "DepthToSpace"},
                                                                     {"", "LSTM"},
                                                                     {"", "GRU"}};
  for (const auto& [domain, op] : executed)
    EXPECT_FALSE(catalogue->covering(domain, op).empty()) << domain << ":" << op;
  EXPECT_TRUE(catalogue->covering("", "NoSuchOperator").empty());
  EXPECT_TRUE(catalogue->covering("com.example", "Conv").empty());
}

// ---- types without a graph

constexpr const char* kGiven = R"toml(
name = "given"
summary = "of tables"
given = ["hi", "cin"]
macs = "work"
base = ["work", "1"]
features = ["work", "cin"]
[derived]
work = "hi * hi * cin"
)toml";

TEST(GivenType, HasParametersAndNoOperators) {
  const auto type = read_module_type(kGiven, "given.toml");
  ASSERT_TRUE(type.has_value()) << type.error().context;
  EXPECT_TRUE(type->given());
  ASSERT_EQ(type->parameters.size(), 2U);
  EXPECT_EQ(type->parameters[0].name, "hi");
  EXPECT_TRUE(type->parameters[0].program.empty());
  EXPECT_EQ(evaluate(type->derived[0].program, std::vector<double>{7, 3, 0}), 147);
  const auto other = read_module_type(kSmall, "small.toml");
  ASSERT_TRUE(other.has_value());
  EXPECT_FALSE(other->given());
}

TEST(ModuleTypeReader, BaseTermsHaveUnits) {
  const auto with_units = [](const std::string& units) {
    return with(kSmall, "base = [\"area\", \"1\"]\n", "base = [\"area\", \"1\"]\nbase_units = " + units + "\n");
  };
  const auto type = read_module_type(with_units("[\"0.3 element\", \"call\"]"), "scale.toml");
  ASSERT_TRUE(type.has_value()) << type.error().context;
  const std::vector<TermUnit>& units = type->kernels[0].base_units;
  ASSERT_EQ(units.size(), 2U);
  EXPECT_EQ(units[0].of, TermUnit::Of::element);
  EXPECT_DOUBLE_EQ(units[0].factor, 0.3);
  EXPECT_EQ(units[1].of, TermUnit::Of::call);
  EXPECT_DOUBLE_EQ(units[1].factor, 1.0);
  EXPECT_TRUE(type->kernels[1].base_units.empty());
  const auto macs = read_module_type(with_units("[\"2 mac\", \"mac\"]"), "scale.toml");
  ASSERT_TRUE(macs.has_value()) << macs.error().context;
  EXPECT_EQ(macs->kernels[0].base_units[0].of, TermUnit::Of::mac);
  EXPECT_DOUBLE_EQ(macs->kernels[0].base_units[0].factor, 2.0);

  for (const char* one :
       {"byte", "", "mac 2", "0.3", "0.3element", "0.3  element", "-1 mac", "0 mac", "x mac", " mac"}) {
    const std::string problem = problem_of(with_units("[\"" + std::string(one) + "\", \"call\"]"));
    EXPECT_TRUE(contains(problem, "'" + std::string(one) + "' is not mac, element or call")) << problem;
  }
  const char* count = "kernel 'wide': as many 'base_units' as 'base' terms are needed";
  EXPECT_TRUE(contains(problem_of(with_units("[\"mac\"]")), count));
  EXPECT_TRUE(contains(problem_of(with_units("[\"mac\", \"call\", \"call\"]")), count));
  EXPECT_TRUE(contains(problem_of(with_units("\"mac\"")), "'base_units' must be a list"));
  EXPECT_FALSE(
      read_module_type(with(kSmall, "operators =", "base_units = [\"mac\"]\noperators ="), "scale.toml").has_value());
}

TEST(BuiltinCatalogue, ClassesOfCpusSayWhatTheirTermsCount) {
  const auto catalogue = Catalogue::builtin();
  ASSERT_TRUE(catalogue.has_value());
  std::size_t classes = 0;
  for (const ModuleType& type : catalogue->types()) {
    for (const Kernel& kernel : type.kernels) {
      if (!type.given() || !kernel.name.starts_with("cpu_")) continue;
      ++classes;
      EXPECT_EQ(kernel.base_units.size(), kernel.base.size()) << type.name << " " << kernel.name;
    }
  }
  EXPECT_GT(classes, 10U);
}

TEST(GivenType, HasNothingThatLooksAtNodes) {
  for (const char* more : {"operators = [\"X\"]", "when = \"1\"", "shapes = []", "[parameters]\na = 1",
                           "[sample]\na = 1", "[build]\noperator = \"X\""}) {
    const std::string text = std::string(more).starts_with("[")
                                 ? std::string(kGiven) + more + "\n"
                                 : with(kGiven, "summary", std::string(more) + "\nsummary");
    const auto both = read_module_type(text, "given.toml");
    ASSERT_FALSE(both.has_value()) << more;
    EXPECT_TRUE(contains(both.error().context, "is for modules of graphs")) << both.error().context;
  }
}

TEST(GivenType, ParametersAreNames) {
  const auto problem = [](const std::string& list) {
    const auto type = read_module_type(with(kGiven, "[\"hi\", \"cin\"]", list), "given.toml");
    return type ? std::string() : type.error().context;
  };
  EXPECT_TRUE(contains(problem("[]"), "at least one parameter"));
  EXPECT_TRUE(contains(problem("[\"hi\", \"c in\"]"), "given.toml:4: 'given' must list names"));
  EXPECT_TRUE(contains(problem("[\"hi\", 3]"), "'given' must list names"));
  EXPECT_TRUE(contains(problem("[\"hi\", \"hi\"]"), "'hi' is already taken"));
  EXPECT_TRUE(contains(problem("[\"hi\"]"), "unknown name 'cin'"));
  EXPECT_TRUE(contains(problem("\"hi\""), "'given' must be a list"));
}

TEST(BuiltinCatalogue, OperatorsOfOneEngineAreNoOthers) {
  const auto all = Catalogue::builtin();
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->find("reorder")->engine, "onnxruntime");
  EXPECT_EQ(all->of_graphs("onnxruntime").types().size(), all->of_graphs().types().size());
  EXPECT_EQ(all->of_graphs("abacus").find("reorder"), nullptr);
  EXPECT_NE(all->of_graphs("abacus").find("softmax"), nullptr);
}

TEST(BuiltinCatalogue, CanBeRestricted) {
  const auto all = Catalogue::builtin();
  ASSERT_TRUE(all.has_value());
  const Catalogue graphs = all->of_graphs();
  const Catalogue tables = all->restricted([](const ModuleType& type) { return type.given(); });
  EXPECT_EQ(graphs.types().size() + tables.types().size(), all->types().size());
  EXPECT_EQ(graphs.find("mobile_conv2d"), nullptr);
  EXPECT_NE(tables.find("mobile_conv2d"), nullptr);
  const auto covering = graphs.covering("", "Softmax");
  ASSERT_EQ(covering.size(), 1U);
  EXPECT_EQ(graphs.types()[covering[0]].name, "softmax");
  EXPECT_TRUE(tables.covering("", "Softmax").empty());
}

// ---- folders

class CatalogueFolder : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("latcast_catalogue_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  void put(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  [[nodiscard]] Result<Catalogue> load() const {
    return Catalogue::builtin(std::vector<std::string>{folder_.string()});
  }
  fs::path folder_;
};

TEST_F(CatalogueFolder, AddsAType) {
  put("scale.toml", kSmall);
  const auto catalogue = load();
  ASSERT_TRUE(catalogue.has_value()) << catalogue.error().context;
  EXPECT_EQ(catalogue->types().size(), builtin_types() + 1);
  ASSERT_NE(catalogue->find("scale"), nullptr);
  EXPECT_EQ(catalogue->covering("com.example", "Scale").size(), 1U);
}

TEST_F(CatalogueFolder, OverridesATypeByItsName) {
  put("mine.toml", with(with(kSmall, "\"scale\"", "\"softmax\""), "\"Scale\", \"com.example:Scale\"", "\"Softmax\""));
  const auto catalogue = load();
  ASSERT_TRUE(catalogue.has_value()) << catalogue.error().context;
  EXPECT_EQ(catalogue->types().size(), builtin_types());
  ASSERT_NE(catalogue->find("softmax"), nullptr);
  EXPECT_EQ(catalogue->find("softmax")->summary, "a made-up module");
  // What the overridden file covered besides is covered no longer.
  EXPECT_TRUE(catalogue->covering("", "LogSoftmax").empty());
}

TEST_F(CatalogueFolder, HasEachTypeOnce) {
  put("one.toml", kSmall);
  put("two.toml", kSmall);
  const auto catalogue = load();
  ASSERT_FALSE(catalogue.has_value());
  EXPECT_TRUE(contains(catalogue.error().context, "two.toml: the type 'scale' is also in"))
      << catalogue.error().context;
  fs::remove(folder_ / "two.toml");
  EXPECT_TRUE(Catalogue::builtin(std::vector<std::string>(2, folder_.string())).has_value());
}

TEST_F(CatalogueFolder, AFifoIsNoType) {
  ASSERT_EQ(mkfifo((folder_ / "fifo.toml").c_str(), 0600), 0);
  const auto catalogue = load();
  ASSERT_FALSE(catalogue.has_value());
  EXPECT_TRUE(contains(catalogue.error().context, "fifo.toml: not a regular file")) << catalogue.error().context;
}

TEST_F(CatalogueFolder, LaterTypesAreTriedFirst) {
  put("scale.toml", with(kSmall, "\"Scale\", \"com.example:Scale\"", "\"Sigmoid\""));
  const auto catalogue = load();
  ASSERT_TRUE(catalogue.has_value()) << catalogue.error().context;
  const auto covering = catalogue->covering("", "Sigmoid");
  ASSERT_GE(covering.size(), 2U);
  EXPECT_EQ(catalogue->types()[covering[0]].name, "scale");
}

TEST_F(CatalogueFolder, ErrorsNameTheFile) {
  put("broken.toml", with(kSmall, "summary", "sumary"));
  const auto catalogue = load();
  ASSERT_FALSE(catalogue.has_value());
  EXPECT_TRUE(contains(catalogue.error().context, (folder_ / "broken.toml").string() + ":2:"))
      << catalogue.error().context;
}

TEST_F(CatalogueFolder, AnEmptyOrMissingFolderIsAnError) {
  const auto empty = load();
  ASSERT_FALSE(empty.has_value());
  EXPECT_TRUE(contains(empty.error().context, "has no .toml file")) << empty.error().context;
  const auto missing = Catalogue::builtin(std::vector<std::string>{(folder_ / "none").string()});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, Errc::not_found);
}

TEST_F(CatalogueFolder, SurvivesThePack) {
  put("scale.toml", kSmall);
  const auto catalogue = load();
  ASSERT_TRUE(catalogue.has_value());
  std::vector<std::pair<std::string, std::string>> sources(catalogue->definitions().begin(),
                                                           catalogue->definitions().end());
  for (const ModuleType& type : catalogue->types()) sources.emplace_back(type.file, type.source);
  const auto again = Catalogue::from_sources(sources);
  ASSERT_TRUE(again.has_value()) << again.error().context;
  ASSERT_EQ(again->types().size(), catalogue->types().size());
  EXPECT_EQ(again->find("scale")->kernels.size(), 2U);
}

// ---- conditions

constexpr const char* kConditions = R"toml(
[[condition]]
name = "heat"
summary = "How warm the device is"
usual = 1
[condition.values]
cold = 0
warm = 1

[[condition]]
name = "clients"
summary = "Other programs that run"
unit = "programs"
range = [0, 64]
whole = true
)toml";

std::string heated() {
  return with(kSmall, "base = [\"twice\"]", "base = [\"twice * (1 + cond.heat)\", \"cond.clients\"]");
}

TEST(Conditions, AreReadByExpressionsBehindTheParameters) {
  const std::pair<std::string, std::string> sources[] = {{"scale.toml", heated()}, {"conditions.toml", kConditions}};
  const auto catalogue = Catalogue::from_sources(sources);
  ASSERT_TRUE(catalogue) << catalogue.error().context;
  const ModuleType& type = catalogue->types().front();
  EXPECT_EQ(type.conditions, (std::vector<std::string>{"clients", "heat"}));
  EXPECT_EQ(type.slot_count(), 6U);
  // rows, columns, cond.clients, cond.heat, area, twice
  const std::vector<double> slots = {2, 3, 5, 1, 6, 12};
  EXPECT_EQ(evaluate(type.derived[1].program, std::vector<double>{2, 3, 5, 1, 6, 0}), 12);
  EXPECT_EQ(evaluate(type.kernels[1].base[0].program, slots), 24);
  EXPECT_EQ(evaluate(type.kernels[1].base[1].program, slots), 5);
  ASSERT_EQ(catalogue->conditions().size(), 2U);
  const ConditionType& heat = *catalogue->find_condition("heat");
  EXPECT_EQ(heat.possible, (ConditionRange{"heat", "", 0, 1, 1, {{"cold", 0}, {"warm", 1}}}));
  EXPECT_EQ(catalogue->find_condition("clients")->possible, (ConditionRange{"clients", "programs", 0, 64, 0, {}}));
  EXPECT_EQ(catalogue->restricted([](const ModuleType&) { return false; }).conditions().size(), 2U);
}

TEST(Conditions, ThatNobodyDefinesAreNamed) {
  const std::pair<std::string, std::string> sources[] = {{"scale.toml", with(heated(), "cond.heat", "cond.heet")},
                                                         {"conditions.toml", kConditions}};
  const auto catalogue = Catalogue::from_sources(sources);
  ASSERT_FALSE(catalogue);
  EXPECT_EQ(catalogue.error().context, "scale.toml: 'cond.heet': there is no such condition; did you mean 'heat'?");
}

TEST(Conditions, AreNoParameters) {
  const std::string problem = problem_of(with(kSmall, "rows = \"in0[0]\"", "rows = \"in0[0] * cond.heat\""));
  EXPECT_TRUE(contains(problem, "conditions are no parameters")) << problem;
}

TEST(Conditions, KnowWhatIsPossible) {
  const std::pair<std::string, std::string> sources[] = {{"conditions.toml", kConditions}};
  const auto catalogue = Catalogue::from_sources(sources);
  ASSERT_TRUE(catalogue);
  EXPECT_TRUE(catalogue->find_condition("heat")->check(0));
  EXPECT_EQ(catalogue->find_condition("heat")->check(2).error().context, "heat cannot be 2: it is one of cold, warm");
  EXPECT_EQ(catalogue->find_condition("clients")->check(65).error().context,
            "clients cannot be 65: it is a whole number between 0 and 64");
  EXPECT_FALSE(catalogue->find_condition("clients")->check(1.5));
}

TEST(Conditions, AFileThatIsWrongSaysWhere) {
  const auto problem = [](const std::string& old, const std::string& fresh) {
    const std::pair<std::string, std::string> sources[] = {{"conditions.toml", with(kConditions, old, fresh)}};
    const auto catalogue = Catalogue::from_sources(sources);
    EXPECT_FALSE(catalogue) << fresh;
    return catalogue ? std::string() : catalogue.error().context;
  };
  EXPECT_TRUE(contains(problem("range = [0, 64]", ""), "needs range = [LOW, HIGH]"));
  EXPECT_TRUE(contains(problem("range = [0, 64]", "range = [64, 0]"), "conditions.toml:"));
  EXPECT_TRUE(contains(problem("usual = 1", "usual = 7"), "'usual': heat cannot be 7"));
  EXPECT_TRUE(contains(problem("unit =", "units ="), "units"));
  EXPECT_TRUE(contains(problem("\"heat\"", "\"he at\""), "letters, digits"));
  EXPECT_EQ(problem("\"clients\"", "\"heat\""), "conditions.toml:10: 'heat' is defined twice");
}

// ---- facts of the device

constexpr const char* kFacts = R"toml(
[[device_fact]]
name = "cache"
summary = "Of a core"
usual = 1000

[[device_fact]]
name = "kept"
summary = "What stays in it"
usual = "device.cache / 2"
)toml";

const std::string kOfCache = with(kSmall, "rows = \"in0[0]\"", "rows = \"min(in0[0], device.kept)\"");

Result<Catalogue> with_facts(const std::string& facts, const std::string& type, const DeviceFacts& told = {}) {
  const std::pair<std::string, std::string> sources[] = {{"scale.toml", type}, {"facts.toml", facts}};
  return Catalogue::from_sources(sources, told);
}

TEST(DeviceFacts, AreConstantsToldOrUsual) {
  const auto kept = [](const Catalogue& catalogue) {
    return evaluate(catalogue.types().front().parameters.front().program, std::vector<double>{1e9});
  };
  const Catalogue usual = *with_facts(kFacts, kOfCache);
  EXPECT_EQ(kept(usual), 500);
  EXPECT_EQ(usual.told(), DeviceFacts());
  // What follows from a fact follows from what was told.
  EXPECT_EQ(kept(*with_facts(kFacts, kOfCache, {{"cache", 3000}})), 1500);
  const Catalogue told = *usual.of_device({{"kept", 7}, {"noise", 3}});
  EXPECT_EQ(kept(told), 7);
  EXPECT_EQ(told.told(), (DeviceFacts{{"kept", 7}}));
  EXPECT_EQ(kept(told.of_graphs()), 7);
  const auto derived = with_facts(kFacts, with(kSmall, "2 * area", "device.cache * area"))->types().front().derived[1];
  EXPECT_EQ(evaluate(derived.program, std::vector<double>{0, 0, 2, 0}), 2000);
}

TEST(DeviceFacts, OfLaterFilesReplaceEarlierOnes) {
  const std::pair<std::string, std::string> sources[] = {
      {"facts.toml", kFacts},
      {"scale.toml", kOfCache},
      {"own.toml", "[[device_fact]]\nname = \"cache\"\nsummary = \"mine\"\nusual = 20\n"}};
  const Catalogue catalogue = *Catalogue::from_sources(sources);
  EXPECT_EQ(evaluate(catalogue.types().front().parameters.front().program, std::vector<double>{1e9}), 10);
  EXPECT_EQ(catalogue.definitions().size(), 2U);
}

TEST(DeviceFacts, ThatAreWrongSayWhere) {
  const auto problem = [](const std::string& facts, const std::string& type) {
    const auto catalogue = with_facts(facts, type);
    return catalogue ? std::string() : catalogue.error().context;
  };
  EXPECT_EQ(problem(kFacts, with(kOfCache, "device.kept", "device.kep")),
            "scale.toml:6: 'rows': unknown fact 'device.kep'; did you mean 'device.kept'? at character 23 of "
            "'min(in0[0], device.kep)'");
  EXPECT_TRUE(contains(problem(kFacts, with(kSmall, "2 * area", "2 * device.area")), "scale.toml:11: 'twice'"));
  EXPECT_TRUE(contains(problem(with(kFacts, "device.cache", "device.kept"), kSmall),
                       "facts.toml:10: 'usual': unknown fact 'device.kept'"));
  EXPECT_EQ(problem(with(kFacts, "\"kept\"", "\"cache\""), kSmall), "facts.toml:7: 'cache' is defined twice");
  EXPECT_TRUE(contains(problem(with(kFacts, "usual = 1000", ""), kSmall), "facts.toml:2: 'usual' is missing"));
}

TEST(DeviceFacts, TheBuiltInThresholdsAreThoseOfTheUsualCore) {
  const Catalogue catalogue = *Catalogue::builtin();
  const auto least = [](const Catalogue& of, const char* type, const char* parameter) {
    const ModuleType& one = *of.find(type);
    const auto found = std::ranges::find(one.parameters, parameter, &Parameter::name);
    return evaluate(found->program, std::vector<double>(one.reads.size(), 1e12));
  };
  EXPECT_EQ(least(catalogue, "gemm", "reuse"), 32e6);
  EXPECT_EQ(least(catalogue, "gemm", "weight_reuse"), 100e6);
  const DeviceFacts usual = {{"l1_bytes", 32768}, {"l2_bytes", 524288}, {"l3_bytes", 33554432}};
  EXPECT_EQ(least(*catalogue.of_device(usual), "gemm", "reuse"), 32e6);
  EXPECT_EQ(least(*catalogue.of_device({{"l3_bytes", 1 << 24}}), "gemm", "reuse"), 16e6);
}

TEST(Conditions, TheBuiltInOnesAreThere) {
  const auto catalogue = Catalogue::builtin();
  for (const char* name : {"threads", "batch", "dtype"}) EXPECT_NE(catalogue->find_condition(name), nullptr) << name;
  EXPECT_EQ(condition_text(catalogue->find_condition("dtype")->possible, 3), "int8");
}

}  // namespace
}  // namespace latcast
