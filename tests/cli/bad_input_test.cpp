// What people and disks do to files: models, packs, stores and settings that are broken, foreign or nonsensical.
#include <sqlite3.h>

#include <algorithm>

#include "core/pack_content.h"
#include "store/store.h"
#include "world.h"

namespace latcast {
namespace {

using test::contains;
using test::Json;
using test::Outcome;

class BadInput : public test::CliTest {
 protected:
  [[nodiscard]] Outcome predict(const std::string& file, std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"predict", file, "--pack", test::world().pack});
    return run(more);
  }
  /// One model that cannot be forecast: exit 1, the file named, and `what` said.
  void refuse(const std::string& file, const std::string& what) const {
    const Outcome outcome = predict(file);
    EXPECT_EQ(outcome.code, 1) << outcome;
    EXPECT_TRUE(contains(outcome.err, file)) << outcome;
    EXPECT_TRUE(contains(outcome.err, what)) << outcome;
    EXPECT_FALSE(contains(outcome.err, "internal error")) << outcome;
  }
  [[nodiscard]] std::string saved(const onnx::Model& model, const std::string& name = "model.onnx") const {
    test::save(model, at(name));
    return at(name);
  }
};

// ---- models

TEST_F(BadInput, NotAnOnnxFile) {
  test::write_text(at("text.onnx"), std::string(3000, 'a') + "\n");
  refuse(at("text.onnx"), "not an ONNX file");
  test::write_text(at("empty.onnx"), "");
  refuse(at("empty.onnx"), "empty");
  test::write_text(at("zeros.onnx"), std::string(4096, '\0'));
  refuse(at("zeros.onnx"), "not an ONNX file");
  refuse(folder_.string(), "not a regular file");
  refuse(at("none.onnx"), "No such file");
}

TEST_F(BadInput, AModelTruncatedAtEveryKilobyte) {
  const std::string whole = test::must(onnx::write_model(test::small_cnn(32), onnx::Weights::materialize));
  ASSERT_GT(whole.size(), 40000U);
  std::vector<std::string> arguments = {"predict", "--pack", test::world().pack, "--json"};
  std::size_t count = 0;
  for (std::size_t size = 0; size < whole.size(); size += 1024) {
    const std::string file = at("cut" + std::to_string(size) + ".onnx");
    test::write_text(file, whole.substr(0, size));
    arguments.push_back(file);
    ++count;
  }
  const Outcome outcome = run(arguments);
  EXPECT_EQ(outcome.code, 1) << outcome;
  const Json json = Json::parse(outcome.out, nullptr, false);
  ASSERT_EQ(json["predictions"].size(), count);
  for (const Json& prediction : json["predictions"]) {
    ASSERT_TRUE(prediction.contains("error")) << prediction.dump(1);
    EXPECT_TRUE(contains(prediction["error"]["message"], prediction["model"])) << prediction.dump(1);
  }
}

TEST_F(BadInput, AnOperatorOfAnUnknownDomainIsEstimatedAndCounted) {
  onnx::Model model = test::small_cnn();
  model.graph.nodes[1].op = "Wobble";
  model.graph.nodes[1].domain = "com.example";
  model.opsets["com.example"] = 1;
  model.graph.value_infos = {test::value("r1", {1, 16, 32, 32})};
  const std::string file = saved(model);
  const Json json = run_json({"predict", file, "--pack", test::world().pack, "--modules", "--json"});
  const Json& prediction = json["predictions"][0];
  EXPECT_EQ(prediction["coverage"]["unknown"], Json::array({"com.example:Wobble"})) << prediction.dump(1);
  EXPECT_LT(prediction["coverage"]["time_share"].get<double>(), 1);
  const Json& module = prediction["modules"][1];
  EXPECT_EQ(module["status"], "unknown");
  EXPECT_GT(module["latency_ns"].get<double>(), 0);
  const Json& unknown = prediction["coverage"]["unknown_modules"][0];
  EXPECT_EQ(unknown["op"], "com.example:Wobble");
  EXPECT_EQ(unknown["modules"], 1);
  EXPECT_GE(unknown["upper_ns"], unknown["latency_ns"]);
  EXPECT_EQ(predict(file, {"--min-coverage", "1"}).code, 3);
  const Outcome refused = predict(file, {"--no-unknown"});
  EXPECT_EQ(refused.code, 3) << refused;
  EXPECT_TRUE(contains(refused.err, "--no-unknown, and no model covers com.example:Wobble")) << refused;
  EXPECT_TRUE(refused.out.starts_with(file + ": 1 module is unknown (com.example:Wobble x1): may be ")) << refused;
}

TEST_F(BadInput, AMissingWeightFileIsNamed) {
  onnx::Model model = test::small_cnn();
  model.graph.initializers[0].fill = {};
  model.graph.initializers[0].external_location = "weights.bin";
  const auto bytes = onnx::write_model(model, onnx::Weights::materialize);
  ASSERT_TRUE(bytes.has_value()) << bytes.error().context;
  test::write_text(at("model.onnx"), *bytes);
  refuse(at("model.onnx"), "weights.bin");
}

TEST_F(BadInput, ACycle) {
  onnx::Graph graph;
  graph.inputs = {test::value("x", {1, 8})};
  graph.nodes = {test::node("Add", {"x", "b"}, {"a"}), test::node("Relu", {"a"}, {"b"})};
  graph.outputs = {test::value("b", {1, 8})};
  refuse(saved(test::model(graph)), "b");
}

TEST_F(BadInput, AnInputThatNothingMakes) {
  onnx::Graph graph;
  graph.inputs = {test::value("x", {1, 8})};
  graph.nodes = {test::node("Add", {"x", "ghost"}, {"a"})};
  graph.outputs = {test::value("a", {1, 8})};
  refuse(saved(test::model(graph)), "ghost");
}

TEST_F(BadInput, ADisconnectedGraphIsTheSumOfItsParts) {
  onnx::Graph graph;
  graph.inputs = {test::value("x", {1, 8}), test::value("z", {1, 64})};
  graph.nodes = {test::node("Relu", {"x"}, {"a"}), test::node("Sigmoid", {"z"}, {"b"})};
  graph.outputs = {test::value("a", {1, 8}), test::value("b", {1, 64})};
  const Json json = run_json({"predict", saved(test::model(graph)), "--pack", test::world().pack, "--json"});
  EXPECT_EQ(json["predictions"][0]["coverage"]["modules"], 2);
}

TEST_F(BadInput, TenThousandNodes) {
  const std::string file = saved(test::relu_chain(10000));
  const Json json = run_json({"predict", file, "--pack", test::world().pack, "--json"});
  EXPECT_EQ(json["predictions"][0]["coverage"]["modules"], 10000);
  EXPECT_GT(json["predictions"][0]["latency_ns"]["quiet"].get<double>(), 10000 * 100.0);
}

TEST_F(BadInput, ZeroSizedTensorsStillCostTheirModules) {
  const Json json = run_json({"predict", saved(test::relu_chain(3, {0, 8})), "--pack", test::world().pack, "--json"});
  ASSERT_EQ(json["predictions"].size(), 1U) << json.dump(1);
  const Json& prediction = json["predictions"][0];
  EXPECT_EQ(prediction["coverage"]["modules"], 3) << prediction.dump(1);
  EXPECT_GT(prediction["latency_ns"]["quiet"].get<double>(), 0);
}

TEST_F(BadInput, ShapesThatCannotBeInferredMakeTheModuleUnknown) {
  onnx::Graph graph;
  graph.inputs = {test::value("x", {2, 8}), test::value("y", {3}, onnx::DataType::int64)};
  graph.nodes = {test::node("Expand", {"x", "y"}, {"a"})};
  graph.outputs = {test::value("a", {1, 2, 8})};
  const Json json = run_json({"predict", saved(test::model(graph)), "--pack", test::world().pack, "--json"});
  ASSERT_EQ(json["predictions"].size(), 1U) << json.dump(1);
  const Json& prediction = json["predictions"][0];
  EXPECT_EQ(prediction["coverage"]["unknown"], Json::array({"Expand"})) << prediction.dump(1);
  EXPECT_EQ(prediction["coverage"]["time_share"], 0.0);
  EXPECT_GT(prediction["latency_ns"]["quiet"].get<double>(), 0);
}

TEST_F(BadInput, UnboundDimensionsAreListed) {
  onnx::Model model = test::relu_chain(2);
  model.graph.inputs = {test::free_value("t0", {{-1, "batch"}, {-1, "seq"}, {8, ""}})};
  model.graph.outputs = {test::free_value("t2", {{-1, "batch"}, {-1, "seq"}, {8, ""}})};
  const std::string file = saved(model);
  const Outcome outcome = predict(file);
  EXPECT_EQ(outcome.code, 1) << outcome;
  EXPECT_TRUE(contains(outcome.err, "batch") && contains(outcome.err, "seq") && contains(outcome.err, "--dim"))
      << outcome;
  const Outcome half = predict(file, {"--batch", "1"});
  EXPECT_EQ(half.code, 1) << half;
  EXPECT_TRUE(contains(half.err, "seq")) << half;
  EXPECT_EQ(predict(file, {"--batch", "1", "--dim", "seq=16"}).code, 0);
  EXPECT_EQ(predict(file, {"--dim", "batch=1", "--dim", "seq=16"}).code, 0);
  EXPECT_EQ(predict(file, {"--batch", "1", "--dim", "t0:1=16"}).code, 0);
  const Outcome measured =
      run({"measure", file, "--engine", "fake", "--rounds", "1", "--batch", "2", "--dim", "seq=16"});
  EXPECT_EQ(measured.code, 0) << measured;
}

TEST_F(BadInput, GivenInputsMustBeThoseOfTheModel) {
  const std::string file = saved(test::relu_chain(2));
  const auto measure = [&](const std::string& input) {
    return run({"measure", file, "--engine", "fake", "--rounds", "1", "--burst", "1ms", "--input", input});
  };
  EXPECT_EQ(measure("t0=range:-1..0.5").code, 0);
  const Outcome unknown = measure("x=constant:1");
  EXPECT_EQ(unknown.code, 1) << unknown;
  EXPECT_TRUE(contains(unknown.err, "no input is called 'x'; there are 't0'")) << unknown;
  const Outcome none = measure("t0=" + file);
  EXPECT_EQ(none.code, 1) << none;
  EXPECT_TRUE(contains(none.err, file + ": not a .npy file")) << none;
}

TEST_F(BadInput, MoreOfADimensionTakesLonger) {
  onnx::Model model = test::relu_chain(4);
  model.graph.inputs = {test::free_value("t0", {{-1, ""}, {50000, ""}})};
  model.graph.outputs = {test::free_value("t4", {{-1, ""}, {50000, ""}})};
  const std::string file = saved(model);
  const auto quiet = [&](const std::string& batch) {
    return run_json({"predict", file, "--pack", test::world().pack, "--batch", batch,
                     "--json"})["predictions"][0]["latency_ns"]["quiet"]
        .get<double>();
  };
  EXPECT_GT(quiet("4"), 1.5 * quiet("1"));
}

// ---- packs

class ForeignPack : public BadInput {
 protected:
  void SetUp() override {
    BadInput::SetUp();
    test::save(test::small_cnn(), at("cnn.onnx"));
  }
  /// The world's pack with something about its target changed.
  [[nodiscard]] std::string pack_with(const std::function<void(PackContent&)>& change) const {
    PackContent content = test::must(read_pack_content(test::world().pack));
    change(content);
    if (auto ok = write_pack(content, at("foreign.latpack")); !ok) throw std::runtime_error(ok.error().context);
    return at("foreign.latpack");
  }
  void expect_foreign(const std::string& pack, const std::string& theirs, const std::string& ours) const {
    const Outcome predicted = run({"predict", at("cnn.onnx"), "--pack", pack});
    EXPECT_EQ(predicted.code, 0) << predicted;
    EXPECT_TRUE(contains(predicted.err, "warning") && contains(predicted.err, theirs) && contains(predicted.err, ours))
        << predicted;
    const Outcome refused = run({"eval", at("cnn.onnx"), "--pack", pack, "--rounds", "2", "--burst", "1ms"});
    EXPECT_EQ(refused.code, 1) << refused;
    EXPECT_TRUE(contains(refused.err, theirs) && contains(refused.err, "--force")) << refused;
    const Outcome forced = run({"eval", at("cnn.onnx"), "--pack", pack, "--rounds", "2", "--burst", "1ms", "--force"});
    EXPECT_EQ(forced.code, 0) << forced;
    EXPECT_TRUE(contains(forced.err, "warning")) << forced;
    const std::string before = test::read_text(pack);
    const Outcome anchored = run({"recalibrate", "--pack", pack, "--budget", "1s"});
    EXPECT_EQ(anchored.code, 1) << anchored;
    EXPECT_EQ(test::read_text(pack), before);
  }
};

TEST_F(ForeignPack, OfAnotherEngineVersion) {
  expect_foreign(pack_with([](PackContent& content) { content.info.target.engine_version = "0.9"; }), "fake 0.9",
                 "1.0");
}

TEST_F(ForeignPack, OfAnotherCpu) {
  expect_foreign(pack_with([](PackContent& content) { content.info.target.device = "Quantum 9000 (3 CPUs)"; }),
                 "Quantum 9000", "this is ");
}

TEST_F(ForeignPack, OfOtherCpuFeatures) {
  expect_foreign(pack_with([](PackContent& content) { content.info.target.cpu_features = {"mmx"}; }), "'mmx'",
                 "here they are");
}

TEST_F(ForeignPack, ForAnEngineThatIsNotHere) {
  const std::string pack = pack_with([](PackContent& content) {
    content.info.target.engine = "onnxruntime";
    content.info.target.engine_version = "1.30.0";
  });
  const test::Environment nowhere = {{"LATCAST_ONNXRUNTIME", "/nonexistent/lib.so"}};
  const std::vector<std::vector<std::string>> commands = {{"predict", "--graph", "engine"}, {"eval"}};
  for (std::vector<std::string> command : commands) {
    command.insert(command.end(), {at("cnn.onnx"), "--pack", pack});
    const Outcome outcome = run(command, nowhere);
    EXPECT_EQ(outcome.code, 5) << outcome;
    EXPECT_TRUE(contains(outcome.err, "Install")) << outcome;
  }
  for (const char* source : {"auto", "rules"}) {
    const Outcome outcome = run({"predict", "--graph", source, at("cnn.onnx"), "--pack", pack, "--json"}, nowhere);
    EXPECT_EQ(outcome.code, 0) << outcome;
    EXPECT_TRUE(contains(outcome.out, "\"graph\": \"rules\"")) << outcome;
    EXPECT_EQ(contains(outcome.err, "deduced by rules"), std::string(source) == "auto") << outcome;
  }
  for (const char* version : {"1.9.1", "1.99.0"}) {
    const std::string odd = pack_with([&](PackContent& content) {
      content.info.target.engine = "onnxruntime";
      content.info.target.engine_version = version;
    });
    const Outcome outcome = run({"predict", "--graph", "rules", at("cnn.onnx"), "--pack", odd}, nowhere);
    const bool old = std::string(version) == "1.9.1";
    EXPECT_EQ(outcome.code, old ? 1 : 0) << outcome;
    EXPECT_TRUE(contains(outcome.err, old ? "from version 1.19 on" : "the pack is of 1.99.0")) << outcome;
  }
  const std::string other = pack_with([](PackContent& content) { content.info.target.engine = "abacus"; });
  const Outcome outcome = run({"predict", at("cnn.onnx"), "--pack", other});
  EXPECT_NE(outcome.code, 0) << outcome;
  EXPECT_TRUE(contains(outcome.err, "abacus")) << outcome;
}

TEST_F(ForeignPack, DamagedAnywhereOrCutShort) {
  const std::string whole = test::read_text(test::world().pack);
  const std::string pack = at("broken.latpack");
  const auto refuse_pack = [&](const std::string& bytes, std::size_t at_byte) {
    test::write_text(pack, bytes);
    const Outcome outcome = run({"predict", at("cnn.onnx"), "--pack", pack});
    EXPECT_EQ(outcome.code, 1) << at_byte << outcome;
    EXPECT_TRUE(contains(outcome.err, pack)) << outcome;
  };
  for (std::size_t place = 5; place < whole.size(); place += whole.size() / 12) {
    std::string damaged = whole;
    damaged[place] = static_cast<char>(~damaged[place]);
    refuse_pack(damaged, place);
    refuse_pack(whole.substr(0, place), place);
  }
  refuse_pack("", 0);
  refuse_pack("no pack at all, but long enough for a header of any kind", 0);
  EXPECT_EQ(run({"predict", at("cnn.onnx"), "--pack", at("none.latpack")}).code, 1);
  EXPECT_EQ(run({"predict", at("cnn.onnx"), "--pack", test::world().db}).code, 1);
}

// ---- stores

class BadStore : public BadInput {
 protected:
  [[nodiscard]] Outcome profile(const std::string& db) const {
    test::write_text(at("campaign.toml"), "max_macs = 2e7\n");
    return run({"profile", "--engine", "fake", "--db", db, "--budget", "2s", "--config", at("campaign.toml")});
  }
  void expect_refused(const std::string& db, const std::string& what) const {
    for (const Outcome& outcome :
         {profile(db), run({"train", "--rms", test::kQuickModels, "--db", db, "--out", at("x.latpack")})}) {
      EXPECT_EQ(outcome.code, 1) << outcome;
      EXPECT_TRUE(contains(outcome.err, db) && contains(outcome.err, what)) << outcome;
    }
    EXPECT_FALSE(test::fs::exists(at("x.latpack")));
  }
};

TEST_F(BadStore, OfANewerSchema) {
  ASSERT_EQ(profile(at("host.db")).code, 0);
  auto database = test::must(sqlite::Database::open(at("host.db"), sqlite::Database::Mode::read_write));
  ASSERT_TRUE(database.execute("PRAGMA user_version=99").has_value());
  expect_refused(at("host.db"), "schema version 99");
}

TEST_F(BadStore, OfSomebodyElse) {
  {
    auto database = test::must(sqlite::Database::open(at("music.db"), sqlite::Database::Mode::create));
    ASSERT_TRUE(database.execute("CREATE TABLE songs (title TEXT)").has_value());
  }
  expect_refused(at("music.db"), "not one of latcast's");
  test::write_text(at("text.db"), std::string(5000, 'x'));
  expect_refused(at("text.db"), "not a latcast store");
  EXPECT_EQ(test::read_text(at("text.db")), std::string(5000, 'x'));
}

TEST_F(BadStore, HalfWritten) {
  test::write_text(at("half.db"), test::read_text(test::world().db).substr(0, 50000));
  const Outcome train = run({"train", "--rms", test::kQuickModels, "--db", at("half.db"), "--out", at("x.latpack")});
  EXPECT_EQ(train.code, 1) << train;
  EXPECT_TRUE(contains(train.err, at("half.db"))) << train;
}

TEST_F(BadStore, WhereNoFileCanBe) {
  expect_refused(at("none/host.db"), "cannot be opened");
  expect_refused(folder_.string(), "");
}

TEST_F(BadStore, LockedByAnother) {
  ASSERT_EQ(profile(at("host.db")).code, 0);
  auto other = test::must(sqlite::Database::open(at("host.db"), sqlite::Database::Mode::read_write));
  ASSERT_TRUE(other.execute("BEGIN IMMEDIATE").has_value());
  const Outcome outcome = profile(at("host.db"));
  EXPECT_EQ(outcome.code, 1) << outcome;
  EXPECT_TRUE(contains(outcome.err, "locked by another process")) << outcome;
}

TEST_F(BadStore, OnADiskThatFillsUp) {
  test::write_text(at("campaign.toml"), "max_macs = 2e7\n");
  // Files of at most 400 blocks of 512 or 1024 bytes.
  const Outcome outcome =
      run({"sh", "-c", "trap '' XFSZ; ulimit -f 400; exec \"$0\" \"$@\"", LATCAST_BINARY, "profile", "--engine", "fake",
           "--db", at("host.db"), "--budget", "600s", "--config", at("campaign.toml")});
  EXPECT_EQ(outcome.code, 1) << outcome;
  EXPECT_TRUE(contains(outcome.err, at("host.db")) && contains(outcome.err, "disk")) << outcome;
  const Outcome inspected = run({"inspect", at("host.db")});
  EXPECT_EQ(inspected.code, 0) << inspected;
  EXPECT_FALSE(contains(inspected.out, " 0 measurements")) << inspected;
  EXPECT_EQ(run({"train", "--rms", test::kQuickModels, "--db", at("host.db"), "--out", at("x.latpack")}).code, 0);
}

TEST_F(BadStore, WithNothingInIt) {
  {
    test::must(Store::create(at("host.db")));
  }
  const Outcome outcome = run({"train", "--rms", test::kQuickModels, "--db", at("host.db"), "--out", at("x.latpack")});
  EXPECT_EQ(outcome.code, 1) << outcome;
  EXPECT_TRUE(contains(outcome.err, "latcast profile")) << outcome;
}

// ---- settings

class BadSettings : public BadInput {
 protected:
  [[nodiscard]] Outcome profile_with(const std::string& config) const {
    test::write_text(at("campaign.toml"), config);
    return run(
        {"profile", "--engine", "fake", "--db", at("host.db"), "--budget", "2s", "--config", at("campaign.toml")});
  }
};

TEST_F(BadSettings, AMisspeltKeyIsAnErrorWithASuggestion) {
  const Outcome outcome = profile_with("rounds = 3\nbrst_ms = 20\n");
  EXPECT_EQ(outcome.code, 1) << outcome;
  EXPECT_TRUE(contains(outcome.err, at("campaign.toml") + ":2: unknown key 'brst_ms'; did you mean 'burst_ms'?"))
      << outcome;
  EXPECT_FALSE(test::fs::exists(at("host.db")));
}

TEST_F(BadSettings, NonsenseIsAnError) {
  for (const char* config : {"rounds = -3", "burst_ms = 0", "module_share = 2", "families = [\"no_such\"]",
                             "rounds = ", "max_macs = \"much\""}) {
    const Outcome outcome = profile_with(config);
    EXPECT_EQ(outcome.code, 1) << config << outcome;
    EXPECT_TRUE(contains(outcome.err, at("campaign.toml") + ":1: ")) << outcome;
  }
  EXPECT_EQ(
      run({"profile", "--engine", "fake", "--db", at("host.db"), "--budget", "2s", "--config", at("none.toml")}).code,
      1);
  EXPECT_FALSE(test::fs::exists(at("host.db")));
}

TEST_F(BadSettings, ABrokenCatalogueIsAnErrorWithItsPlace) {
  test::fs::create_directories(at("more"));
  test::write_text(at("more/elu.toml"), "name = \"elu\"\nsumary = \"x\"\n");
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"profile", "--engine", "fake", "--db", at("host.db"), "--budget", "2s", "--catalogue",
                                 at("more")},
        std::vector<std::string>{"train", "--rms", test::kQuickModels, "--db", test::world().db, "--out",
                                 at("x.latpack"), "--catalogue", at("more")}}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 1) << outcome;
    EXPECT_TRUE(contains(outcome.err, at("more/elu.toml") + ":2:") && contains(outcome.err, "did you mean 'summary'?"))
        << outcome;
  }
  EXPECT_EQ(
      run({"profile", "--engine", "fake", "--db", at("host.db"), "--budget", "2s", "--catalogue", at("none")}).code, 1);
  EXPECT_FALSE(test::fs::exists(at("host.db")));
}

TEST_F(BadSettings, AModelToBeLikeMustBeReadable) {
  test::write_text(at("text.onnx"), "no model");
  const Outcome outcome =
      run({"profile", "--engine", "fake", "--db", at("host.db"), "--budget", "2s", "--like", at("text.onnx")});
  EXPECT_EQ(outcome.code, 1) << outcome;
  EXPECT_TRUE(contains(outcome.err, at("text.onnx"))) << outcome;
}

TEST_F(BadSettings, ABudgetTooShortForOneCarrierIsSaid) {
  const Outcome outcome = run({"profile", "--engine", "fake", "--db", at("host.db"), "--budget", "1ms"});
  EXPECT_EQ(outcome.code, 1) << outcome;
  EXPECT_TRUE(contains(outcome.err, "--budget")) << outcome;
}

}  // namespace
}  // namespace latcast
