#include "engine/onnxruntime/session_settings.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

#include "engine/engine.h"

namespace latcast::ort {
namespace {

/// What a library was told, by the function that was called.
std::map<std::string, std::string> told;
std::string refused;

OrtStatus* note(const std::string& function, const std::string& value) {
  told[function] = value;
  return function == refused ? reinterpret_cast<OrtStatus*>(&refused) : nullptr;
}

/// The functions that settings may need; no other may be called.
const OrtApi& recorder() {
  static const OrtApi kApi = [] {
    OrtApi api{};
    api.SetSessionGraphOptimizationLevel = [](OrtSessionOptions*, GraphOptimizationLevel level) noexcept {
      return note("level", std::to_string(level));
    };
    api.SetSessionExecutionMode = [](OrtSessionOptions*, ExecutionMode mode) noexcept {
      return note("mode", std::to_string(mode));
    };
    api.SetIntraOpNumThreads = [](OrtSessionOptions*, int threads) noexcept {
      return note("threads", std::to_string(threads));
    };
    api.EnableCpuMemArena = [](OrtSessionOptions*) noexcept { return note("arena", "on"); };
    api.DisableCpuMemArena = [](OrtSessionOptions*) noexcept { return note("arena", "off"); };
    api.AddSessionConfigEntry = [](OrtSessionOptions*, const char* key, const char* value) noexcept {
      return note(key, value);
    };
    api.GetErrorMessage = [](const OrtStatus*) noexcept { return "refused"; };
    api.ReleaseStatus = [](OrtStatus*) noexcept {};
    return api;
  }();
  return kApi;
}

std::map<std::string, std::string> applied(const SessionSettings& settings) {
  told.clear();
  refused.clear();
  EXPECT_TRUE(apply(recorder(), settings, nullptr).has_value());
  return told;
}

TEST(SessionSettings, WhatIsToldIsSetRatherThanAssumed) {
  const auto set = applied({.threads = 3});
  EXPECT_EQ(set, (std::map<std::string, std::string>{{"level", "99"}, {"mode", "0"}, {"threads", "3"}}));
}

TEST(SessionSettings, EachChangesWhatIsSetAndWhatIsTold) {
  const std::map<std::string, std::function<void(SessionSettings&)>> changes = {
      {"optimization_level", [](SessionSettings& one) { one.optimization = ORT_ENABLE_EXTENDED; }},
      {"execution_mode", [](SessionSettings& one) { one.execution = ORT_PARALLEL; }},
      {"intra_op_spinning", [](SessionSettings& one) { one.intra_op_spinning = false; }},
      {"memory_arena", [](SessionSettings& one) { one.memory_arena = false; }},
      {"threads", [](SessionSettings& one) { one.threads = 2; }}};
  const SessionSettings usual;
  for (const auto& [key, change] : changes) {
    SessionSettings other;
    change(other);
    auto told_of_other = describe(other);
    EXPECT_NE(told_of_other.at(key), describe(usual).at(key)) << key;
    told_of_other[key] = describe(usual).at(key);
    EXPECT_EQ(told_of_other, describe(usual)) << key << " changes another text too";
    EXPECT_NE(applied(other), applied(usual)) << key;
  }
}

TEST(SessionSettings, AreReadBackFromWhatIsTold) {
  EngineSettings engine;
  engine.threads = 2;
  engine.session = {{"optimization_level", "basic"},
                    {"execution_mode", "parallel"},
                    {"execution_provider", "CPUExecutionProvider"},
                    {"intra_op_spinning", "off"},
                    {"memory_arena", "on"}};
  const auto settings = session_settings(engine);
  ASSERT_TRUE(settings.has_value()) << settings.error().context;
  auto text = describe(*settings);
  EXPECT_EQ(text.at("threads"), "2");
  text.erase("threads");
  EXPECT_EQ(text, engine.session);

  engine.session = {{"optimization_level", "some"}};
  const auto value = session_settings(engine);
  ASSERT_FALSE(value.has_value());
  EXPECT_EQ(value.error().context, "session option optimization_level=some: it is one of none, basic, extended, all");
  engine.session = {{"optimisation", "all"}};
  const auto name = session_settings(engine);
  ASSERT_FALSE(name.has_value());
  EXPECT_EQ(name.error().code, Errc::invalid_input);
  const auto info = (*make_engine("onnxruntime"))->info(engine);
  EXPECT_FALSE(info.available);
  EXPECT_NE(info.problem.find("there is no session option 'optimisation'"), std::string::npos) << info.problem;
}

TEST(SessionSettings, AFailureIsAnErrorAndNothingIsTakenAsSet) {
  for (const char* function : {"level", "mode", "threads", "arena", "session.intra_op.allow_spinning"}) {
    refused = function;
    const auto ok = apply(recorder(), {.intra_op_spinning = true, .memory_arena = true}, nullptr);
    ASSERT_FALSE(ok.has_value()) << function;
    EXPECT_EQ(ok.error().code, Errc::engine_failure);
  }
}

TEST(SessionSettings, TargetsOfOldStoresAreStillTheSame) {
  const std::map<std::string, std::string> old = {{"optimization_level", "all"},
                                                  {"execution_mode", "sequential"},
                                                  {"execution_provider", "CPUExecutionProvider"},
                                                  {"intra_op_spinning", "default"},
                                                  {"memory_arena", "default"},
                                                  {"threads", "2"}};
  EXPECT_EQ((*make_engine("onnxruntime"))->describe({.library = "", .threads = 2}), old);
}

}  // namespace
}  // namespace latcast::ort
