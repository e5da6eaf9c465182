#include "engine/worker/worker.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>
#include <string>
#include <thread>

#include "engine/fake/fake_engine.h"
#include "graph/net_builder.h"

#if defined(LATCAST_ADDRESS_SANITIZER)
constexpr bool kAddressSanitizer = true;
#else
constexpr bool kAddressSanitizer = false;
#endif

namespace latcast {
namespace {

using namespace std::chrono_literals;

EngineModel chain(std::size_t length = 3) {
  const auto bytes = onnx::write_model(test::relu_chain(length, {1, 1000}), onnx::Weights::skeleton);
  EXPECT_TRUE(bytes.has_value());
  EngineModel model;
  model.bytes = *bytes;
  model.inputs = {{"t0", onnx::DataType::float32, {1, 1000}}};
  return model;
}

/// What the fake engine's law gives one node of the chain: 1000 floats in, 1000 out.
constexpr double kNode = 400 + 0.05 * 8000;
constexpr double kRun = 2000;

MeasureRequest burst_of(int runs, std::size_t length = 3) {
  return {chain(length), {Nanos(1e12), 1, 3, runs}, std::nullopt, false};
}

Worker fake(const std::string& behaviour, WorkerLimits limits = {60s, 0}) { return {"fake", {behaviour, 1}, limits}; }

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Worker, MeasuresByTheFakeLaw) {
  Worker worker = fake("");
  const auto reply = worker.measure(burst_of(5));
  ASSERT_TRUE(reply.has_value()) << reply.error().context;
  ASSERT_EQ(reply->runs_ns.size(), 5U);
  for (const double run : reply->runs_ns) EXPECT_NEAR(run, kRun + 3 * kNode, 1e-6);
  EXPECT_NEAR(reply->load_ns, 20e6, 1);
  EXPECT_GE(reply->elapsed_ns, reply->load_ns);
  EXPECT_TRUE(reply->profile.nodes.empty());
  EXPECT_FALSE(reply->executed_graph);
}

TEST(Worker, EndsABurstByTimeAndRuns) {
  Worker worker = fake("");
  MeasureRequest request = burst_of(100000);
  request.burst.duration = Nanos(10 * (kRun + 3 * kNode));
  auto reply = worker.measure(request);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->runs_ns.size(), 10U);
  request.burst.duration = Nanos(1);
  reply = worker.measure(request);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->runs_ns.size(), 3U);  // min_runs
}

TEST(Worker, ProfilesNodesWithTheProfilersCost) {
  Worker worker = fake("profiler=7000");
  MeasureRequest request = burst_of(4);
  request.profile = request.burst;
  request.want_executed_graph = true;
  const auto reply = worker.measure(request);
  ASSERT_TRUE(reply.has_value()) << reply.error().context;
  ASSERT_EQ(reply->profile.nodes.size(), 3U);
  EXPECT_EQ(reply->profile.nodes[0].op, "Relu");
  EXPECT_NEAR(reply->profile.nodes[0].mean_ns, kNode + 7000, 1e-6);
  EXPECT_NEAR(reply->runs_ns[0], kRun + 3 * kNode, 1e-6);  // the burst itself is not profiled
  EXPECT_EQ(reply->executed_graph.value_or(ExecutedGraph()).order.size(), 3U);
}

TEST(Worker, AsksNoEngineForWhatItCannotTell) {
  Worker worker = fake("graph=none,times=none");
  const auto can = worker.capabilities();
  ASSERT_TRUE(can.has_value());
  EXPECT_FALSE(can->executed_graph);
  EXPECT_EQ(can->node_times, "none");
  MeasureRequest request = burst_of(4);
  request.profile = request.burst;
  request.want_executed_graph = true;
  const auto reply = worker.measure(request);
  ASSERT_TRUE(reply.has_value()) << reply.error().context;
  EXPECT_EQ(reply->runs_ns.size(), 4U);
  EXPECT_TRUE(reply->profile.nodes.empty());
  EXPECT_FALSE(reply->executed_graph);
  EXPECT_EQ(worker.runs_made(), 5U);  // none of them for a profile
  const auto graph = worker.executed_graph(chain());
  ASSERT_FALSE(graph.has_value());
  EXPECT_EQ(graph.error().code, Errc::unsupported);
}

TEST(Worker, TakesTimesOfNodesFromWhenTheyBeganAndEnded) {
  Worker worker = fake("times=spans,profiler=7000");
  EXPECT_EQ(worker.capabilities()->node_times, "spans");
  MeasureRequest request = burst_of(4);
  request.profile = request.burst;
  const auto reply = worker.measure(request);
  ASSERT_TRUE(reply.has_value()) << reply.error().context;
  ASSERT_EQ(reply->profile.nodes.size(), 3U);
  for (const NodeTime& node : reply->profile.nodes) {
    EXPECT_NEAR(node.mean_ns, kNode + 7000, 1e-6);
  }
  for (const double pause : reply->profile.overheads.at("pause")) EXPECT_NEAR(pause, 7000, 1e-6);
}

TEST(Worker, CountsTheRunsItMakes) {
  Worker worker = fake("");
  EXPECT_EQ(worker.runs_made(), 0U);
  ASSERT_TRUE(worker.measure(burst_of(5)).has_value());
  EXPECT_EQ(worker.runs_made(), 6U);  // and a warm-up
  MeasureRequest request = burst_of(5);
  request.profile = BurstSpec{Nanos(1), 2, 3, 3};
  ASSERT_TRUE(worker.measure(request).has_value());
  EXPECT_EQ(worker.runs_made(), 6U + 6U + 5U);
}

TEST(Worker, TheExecutedGraphCostsNoRun) {
  Worker worker = fake("");
  const auto graph = worker.executed_graph(chain());
  ASSERT_TRUE(graph.has_value()) << graph.error().context;
  ASSERT_EQ(graph->order.size(), 3U);
  EXPECT_EQ(graph->node(0).op, "Relu");
  EXPECT_EQ(graph->graph.info(graph->node(2).outputs[0]).dims, (Dims{1, 1000}));
  EXPECT_EQ(graph->stands_for[1], std::vector<std::size_t>{1});
  ASSERT_TRUE(worker.info().has_value());
  ASSERT_TRUE(worker.describe().has_value());
  EXPECT_EQ(worker.runs_made(), 0U);
}

TEST(Worker, SurvivesAnEngineThatAborts) {
  Worker worker = fake("abort=2");
  ASSERT_TRUE(worker.measure(burst_of(3)).has_value());
  const auto reply = worker.measure(burst_of(3));
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().code, Errc::engine_failure);
  EXPECT_TRUE(contains(reply.error().context, "signal 6")) << reply.error().context;
  EXPECT_TRUE(worker.measure(burst_of(3)).has_value());
}

TEST(Worker, StopsAnEngineThatHangs) {
  Worker worker = fake("hang=1", {200ms, 0});
  const auto begun = std::chrono::steady_clock::now();
  const auto reply = worker.measure(burst_of(3));
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().code, Errc::engine_failure);
  EXPECT_TRUE(contains(reply.error().context, "did not answer within")) << reply.error().context;
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 30s);  // it hangs for good: any bound will do
  worker.set_limits({60s, 0});
  EXPECT_TRUE(worker.info().has_value());
}

TEST(Worker, WorksAfterAHang) {
  Worker worker = fake("hang=2", {500ms, 0});
  ASSERT_TRUE(worker.measure(burst_of(3)).has_value());
  ASSERT_FALSE(worker.measure(burst_of(3)).has_value());
  EXPECT_TRUE(worker.measure(burst_of(3)).has_value());
}

TEST(Worker, LeavesNothingInTheTemporaryFolderHoweverItEnds) {
  const std::filesystem::path folder = std::filesystem::path(LATCAST_TEST_SCRATCH) / "worker_temporary";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const char* before = std::getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  setenv("TMPDIR", folder.c_str(), 1);
  const auto files = [&] { return std::distance(std::filesystem::directory_iterator(folder), {}); };
  {
    Worker worker = fake("hang=2", {500ms, 0});
    ASSERT_TRUE(worker.measure(burst_of(3)).has_value());
    EXPECT_EQ(files(), 1);  // the process's own
    ASSERT_FALSE(worker.measure(burst_of(3)).has_value());
    EXPECT_EQ(files(), 0);
    ASSERT_TRUE(worker.measure(burst_of(3)).has_value());
  }
  EXPECT_EQ(files(), 0);
  before == nullptr ? unsetenv("TMPDIR") : setenv("TMPDIR", kept.c_str(), 1);
}

TEST(Worker, BoundsTheMemoryOfAnEngine) {
  if (kAddressSanitizer) GTEST_SKIP() << "address spaces cannot be limited under AddressSanitizer";
  Worker worker = fake("memory=2", {60s, std::size_t{400} << 20});
  ASSERT_TRUE(worker.measure(burst_of(3)).has_value());
  const auto reply = worker.measure(burst_of(3));
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().code, Errc::engine_failure);
  EXPECT_TRUE(contains(reply.error().context, "memory")) << reply.error().context;
  EXPECT_TRUE(worker.measure(burst_of(3)).has_value());
}

TEST(Worker, BoundsWhatAnEngineUsesThatReservesMore) {
  Worker worker = fake("memory=2,limit=resident", {60s, std::size_t{400} << 20});
  ASSERT_TRUE(worker.measure(burst_of(3)).has_value());
  const auto reply = worker.measure(burst_of(3));
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().code, Errc::engine_failure);
  EXPECT_TRUE(contains(reply.error().context, "used more memory than 400 MiB")) << reply.error().context;
  EXPECT_TRUE(worker.measure(burst_of(3)).has_value());
}

TEST(Worker, SetsNoBoundOfAddressSpaceWhereTheEngineForbidsIt) {
  Worker worker = fake("limit=none", {60s, std::size_t{1} << 20});  // less than a process has
  const auto reply = worker.measure(burst_of(3));
  EXPECT_TRUE(reply.has_value()) << reply.error().context;
}

TEST(Worker, WaitsLongerForAnEngineThatAsksForIt) {
  Worker worker = fake("hang=1,patience=3", {200ms, 0});
  const auto begun = std::chrono::steady_clock::now();
  const auto reply = worker.measure(burst_of(3));
  ASSERT_FALSE(reply.has_value());
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 600ms);
}

TEST(Worker, PassesARefusalOn) {
  Worker worker = fake("refuse=2");
  ASSERT_TRUE(worker.measure(burst_of(3)).has_value());
  const auto reply = worker.measure(burst_of(3));
  ASSERT_FALSE(reply.has_value());
  EXPECT_TRUE(contains(reply.error().context, "refuses this model")) << reply.error().context;
  EXPECT_TRUE(worker.measure(burst_of(3)).has_value());
}

TEST(Worker, AModelThatCannotBeReadIsAnError) {
  Worker worker = fake("");
  EngineModel model;
  model.bytes = "not a model";
  EXPECT_FALSE(worker.measure({model, {}, std::nullopt, false}).has_value());
  EXPECT_FALSE(worker.executed_graph(model).has_value());
  model = {};
  model.file = "/nonexistent/model.onnx";
  EXPECT_FALSE(worker.measure({model, {}, std::nullopt, false}).has_value());
  EXPECT_TRUE(worker.measure(burst_of(3)).has_value());
}

TEST(Worker, TheEnginesClockOutlivesItsProcess) {
  Worker worker = fake("abort=2");
  ASSERT_TRUE(worker.measure(burst_of(3)).has_value());
  const Nanos before = worker.now();
  EXPECT_GT(before.count(), 20e6);
  ASSERT_FALSE(worker.measure(burst_of(3)).has_value());
  EXPECT_GE(worker.now(), before);
  worker.restart();
  ASSERT_TRUE(worker.measure(burst_of(3)).has_value());
  EXPECT_GT(worker.now(), before);
}

bool always() { return true; }

TEST(Worker, AnInterruptEndsARequest) {
  Worker worker = fake("hang=1");
  set_interrupt_check(always);
  const auto reply = worker.measure(burst_of(3));
  set_interrupt_check(nullptr);
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().code, Errc::interrupted);
}

TEST(Worker, AnUnknownEngineIsNamed) {
  Worker worker("onnxruntim", {}, {60s, 0});
  const auto info = worker.info();
  ASSERT_FALSE(info.has_value());
  EXPECT_EQ(info.error().code, Errc::not_found);
  EXPECT_TRUE(contains(info.error().context, "onnxruntim'; known: onnxruntime, fake")) << info.error().context;
}

// --- a worker that a command starts

constexpr const char* kServer = LATCAST_BINARY " worker";

Worker commanded(const std::string& command, const std::string& behaviour = "") {
  WorkerLimits limits{60s, 0};
  limits.greeting = 5s;
  limits.first_pause = 1ms;
  return {"fake", {.library = behaviour, .worker = command}, limits};
}

TEST(WorkerCommand, AnswersAsAProcessOfOurOwnDoes) {
  Worker worker = commanded(kServer);
  const auto reply = worker.measure(burst_of(5));
  ASSERT_TRUE(reply.has_value()) << reply.error().context;
  for (const double run : reply->runs_ns) EXPECT_NEAR(run, kRun + 3 * kNode, 1e-6);
  const auto machine = worker.machine();
  ASSERT_TRUE(machine.has_value());
  EXPECT_FALSE(machine->device.empty());
  EXPECT_GT(worker.now().count(), 20e6);  // the fake engine's clock, told with every answer
}

TEST(WorkerCommand, LoginBannersAreSkippedAndErrorsDoNotFloodThePipe) {
  Worker worker =
      commanded("echo Welcome; echo 'last login: never'; yes complaint | head -c 3000000 >&2; " + std::string(kServer));
  const auto reply = worker.measure(burst_of(3));
  EXPECT_TRUE(reply.has_value()) << reply.error().context;
}

TEST(WorkerCommand, ModelsTravelAsBytesWithTheirWeights) {
  const std::filesystem::path folder = std::filesystem::path(LATCAST_TEST_SCRATCH) / "worker_files";
  std::filesystem::create_directories(folder);
  const auto bytes = onnx::write_model(test::relu_chain(3, {1, 1000}), onnx::Weights::materialize);
  ASSERT_TRUE(bytes.has_value());
  std::ofstream(folder / "chain.onnx", std::ios::binary) << *bytes;
  const std::filesystem::path temporary = folder / "temporary";
  std::filesystem::remove_all(temporary);
  std::filesystem::create_directories(temporary);
  auto there = std::make_unique<Worker>(
      "fake", EngineSettings{.library = "", .worker = "cd / && TMPDIR=" + temporary.string() + " exec " + kServer},
      WorkerLimits{60s, 0});
  Worker& worker = *there;
  EngineModel model = chain();
  model.bytes.clear();
  model.file = (folder / "chain.onnx").string();
  for (int i = 0; i < 2; ++i) {  // the second time it is there
    const auto reply = worker.measure({model, {Nanos(1e12), 1, 3, 3}, std::nullopt, false});
    ASSERT_TRUE(reply.has_value()) << reply.error().context;
    EXPECT_NEAR(reply->runs_ns[0], kRun + 3 * kNode, 1e-6);
  }
  EXPECT_TRUE(worker.executed_graph(model).has_value());
  EXPECT_FALSE(std::filesystem::is_empty(temporary));
  model.file = (folder / "none.onnx").string();
  const auto missing = worker.executed_graph(model);
  ASSERT_FALSE(missing.has_value());
  EXPECT_TRUE(contains(missing.error().context, "none.onnx")) << missing.error().context;
  there.reset();
  EXPECT_TRUE(std::filesystem::is_empty(temporary));  // nothing stays behind
}

TEST(WorkerCommand, AnotherBuildIsNamedWithThisOne) {
  Worker worker = commanded("echo latcast-worker 9999 7.8.9; cat >/dev/null");
  const auto info = worker.info();
  ASSERT_FALSE(info.has_value());
  EXPECT_EQ(info.error().code, Errc::mismatch);
  EXPECT_TRUE(contains(info.error().context, "7.8.9, protocol 9999; this is latcast ")) << info.error().context;
}

TEST(WorkerCommand, ACommandThatDoesNotGreetSaysWhy) {
  Worker missing = commanded("echo 'no route to host' >&2; exit 255");
  const auto ended = missing.info();
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error().code, Errc::engine_unavailable);
  EXPECT_TRUE(contains(ended.error().context, "status 255; it said: no route to host")) << ended.error().context;

  WorkerLimits limits{60s, 0};
  limits.greeting = 100ms;
  Worker silent("fake", {.library = "", .worker = "echo Welcome; exec sleep 60"}, limits);
  const auto info = silent.info();
  ASSERT_FALSE(info.has_value());
  EXPECT_EQ(info.error().code, Errc::engine_unavailable);
  EXPECT_TRUE(contains(info.error().context, "did not greet within 1 s")) << info.error().context;
}

TEST(WorkerCommand, BreakingOffInMidFrameCostsOneAnswer) {
  // The first worker says no more than 700 bytes; the next one is whole.
  const std::filesystem::path once = std::filesystem::path(LATCAST_TEST_SCRATCH) / "worker_once";
  std::filesystem::remove(once);
  const std::string command = "if [ -e " + once.string() + " ]; then exec " + kServer + "; else touch " +
                              once.string() + "; " + kServer + " | dd bs=1 count=700 2>/dev/null; fi";
  Worker worker("fake", {.library = "", .worker = command}, {3s, 0});
  Result<EngineInfo> info = worker.info();
  for (int tries = 0; tries < 20 && info; ++tries) info = worker.info();
  ASSERT_FALSE(info.has_value());
  EXPECT_EQ(info.error().code, Errc::engine_failure) << info.error().context;
  const auto reply = worker.measure(burst_of(3));
  EXPECT_TRUE(reply.has_value()) << reply.error().context;
}

TEST(WorkerCommand, AnEngineThatAbortsThereCostsOneAnswerAndALostOneIsTriedAgain) {
  Worker worker = commanded(kServer, "abort=2");
  ASSERT_TRUE(worker.measure(burst_of(3)).has_value());
  ASSERT_FALSE(worker.measure(burst_of(3)).has_value());
  EXPECT_TRUE(worker.measure(burst_of(3)).has_value());  // a process of its own, that counts anew

  const std::filesystem::path gone = std::filesystem::path(LATCAST_TEST_SCRATCH) / "worker_gone";
  std::filesystem::remove(gone);
  Worker lost = commanded("test -e " + gone.string() + " && exit 1; exec " + std::string(kServer), "abort=2");
  ASSERT_TRUE(lost.measure(burst_of(3)).has_value());
  std::ofstream(gone) << "gone";
  ASSERT_FALSE(lost.measure(burst_of(3)).has_value());
  const auto reply = lost.measure(burst_of(3));
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().code, Errc::engine_unavailable) << reply.error().context;
  std::filesystem::remove(gone);
  EXPECT_TRUE(lost.measure(burst_of(3)).has_value());
}

TEST(WorkerCommand, AnUnknownEngineThereIsNamed) {
  Worker worker("onnxruntim", {.library = "", .worker = kServer}, {60s, 0});
  const auto info = worker.info();
  ASSERT_FALSE(info.has_value());
  EXPECT_TRUE(contains(info.error().context, "onnxruntim'; known: onnxruntime, fake")) << info.error().context;
}

TEST(FakeEngine, NoiseAndDriftOnlySlowDown) {
  Worker worker = fake("noise=0.05,scale=2");
  const auto reply = worker.measure(burst_of(200));
  ASSERT_TRUE(reply.has_value());
  double highest = 0;
  for (const double run : reply->runs_ns) {
    EXPECT_GE(run, kRun + 3 * 2 * kNode - 1e-6);
    highest = std::max(highest, run);
  }
  EXPECT_GT(highest, 1.2 * (kRun + 3 * 2 * kNode));
}

TEST(FakeEngine, RefusesABehaviourItDoesNotHave) {
  for (const char* behaviour : {"nois=1", "times=some"}) {
    Worker worker = fake(behaviour);
    const auto info = worker.info();
    ASSERT_TRUE(info.has_value());
    EXPECT_FALSE(info->available);
    EXPECT_TRUE(contains(info->problem, std::string(behaviour).substr(0, 4))) << info->problem;
  }
}

TEST(RealEngine, IsFoundOrSaysWhatToInstall) {
  Worker worker("onnxruntime", {}, {60s, 0});
  const auto info = worker.info();
  ASSERT_TRUE(info.has_value()) << info.error().context;
  if (info->available) {
    EXPECT_FALSE(info->version.empty());
    EXPECT_FALSE(info->library.empty());
  } else {
    EXPECT_TRUE(contains(info->problem, "Install the Python package onnxruntime")) << info->problem;
  }
}

TEST(RealEngine, MeasuresAndProfilesAndTellsTheExecutedGraph) {
  Worker worker("onnxruntime", {}, {60s, 0});
  const auto info = worker.info();
  ASSERT_TRUE(info.has_value());
  if (!info->available) GTEST_SKIP() << info->problem;
  MeasureRequest request = burst_of(20);
  request.burst.duration = 5ms;
  request.profile = request.burst;
  request.want_executed_graph = true;
  const auto reply = worker.measure(request);
  ASSERT_TRUE(reply.has_value()) << reply.error().context;
  EXPECT_GE(reply->runs_ns.size(), 3U);
  for (const double run : reply->runs_ns) EXPECT_GT(run, 0);
  EXPECT_FALSE(reply->profile.nodes.empty());
  const std::uint64_t runs = worker.runs_made();
  const auto graph = worker.executed_graph(chain());
  ASSERT_TRUE(graph.has_value()) << graph.error().context;
  EXPECT_EQ(graph->node(0).op, "Relu");
  EXPECT_FALSE(graph->stands_for[0].empty());
  EXPECT_EQ(worker.runs_made(), runs);
}

}  // namespace
}  // namespace latcast
