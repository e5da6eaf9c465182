#include "engine/onnxruntime/profile_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace latcast::ort {
namespace {

std::string node(const std::string& name, const std::string& op, int microseconds) {
  return R"({"cat" : "Node","pid" :7,"tid" :7,"dur" :)" + std::to_string(microseconds) +
         R"(,"ts" :100,"ph" : "X","name" :")" + name +
         R"(_kernel_time","args" : {"output_size" : "4","node_index" : "0","provider" : "CPUExecutionProvider","op_name" : ")" +
         op +
         R"(","input_type_shape" : [{"float":[1,8]}],"output_type_shape" : [{"float":[1,16,7]},{"float":[3]}]}},)"
         "\n";
}

std::string fence(const std::string& name) {
  return R"({"cat" : "Node","pid" :7,"tid" :7,"dur" :0,"ts" :99,"ph" : "X","name" :")" + name +
         R"(_fence_before","args" : {"op_name" : "Conv"}},)"
         "\n";
}

std::string run_end() {
  return R"({"cat" : "Session","pid" :7,"tid" :7,"dur" :99,"ts" :100,"ph" : "X","name" :"model_run","args" : {}},)"
         "\n";
}

std::string run(int conv, int relu) {
  return fence("conv") + node("conv", "Conv", conv) + node("relu", "Relu", relu) + run_end();
}

const std::string kHead =
    "[\n"
    R"({"cat" : "Session","pid" :7,"tid" :7,"dur" :5,"ts" :1,"ph" : "X","name" :"model_loading_array","args" : {}},)"
    "\n";
const std::string kTail = "]\n";

TEST(ProfileReader, TakesTheFastestRunsAfterTheWarmUp) {
  const std::string text = kHead + run(1, 1) + run(10, 2) + run(20, 4) + run(90, 9) + run(80, 8) + kTail;
  const auto nodes = read_profile(text, 1, 0.5);
  ASSERT_TRUE(nodes.has_value()) << nodes.error().context;
  ASSERT_EQ(nodes->nodes.size(), 2U);
  EXPECT_EQ(nodes->nodes[0].name, "conv");
  EXPECT_EQ(nodes->nodes[0].op, "Conv");
  EXPECT_DOUBLE_EQ(nodes->nodes[0].mean_ns, 15000);
  EXPECT_DOUBLE_EQ(nodes->nodes[1].mean_ns, 3000);
  EXPECT_EQ(nodes->nodes[0].output_dims, (std::vector<std::int64_t>{1, 16, 7}));
}

TEST(ProfileReader, KeepsAtLeastOneRun) {
  const auto nodes = read_profile(kHead + run(10, 2) + run(12, 2) + kTail, 0, 0.0);
  ASSERT_TRUE(nodes.has_value());
  EXPECT_DOUBLE_EQ(nodes->nodes[0].mean_ns, 10000);
}

TEST(ProfileReader, ReadsNamesThatAreNotEscaped) {
  for (const std::string name :
       {R"(a"b)", R"(back\slash)", "", "sp ace/é", "a_kernel_time_b", R"({"dur" :5,)", R"(x","args" : {)"}) {
    const auto nodes =
        read_profile(kHead + node(name, "Conv", 3) + run_end() + node(name, "Conv", 3) + run_end() + kTail, 0, 1.0);
    ASSERT_TRUE(nodes.has_value()) << name << ": " << nodes.error().context;
    ASSERT_EQ(nodes->nodes.size(), 1U) << name;
    EXPECT_EQ(nodes->nodes[0].name, name);
    EXPECT_EQ(nodes->nodes[0].op, "Conv");
    EXPECT_DOUBLE_EQ(nodes->nodes[0].mean_ns, 3000);
  }
}

TEST(ProfileReader, LeavesAnIncompleteLastRunOut) {
  const std::string whole = kHead + run(10, 2) + run(10, 2);
  for (const std::string& rest : {node("conv", "Conv", 1), std::string("{\"cat\" : \"Node\",\"dur\" :1,\"na"),
                                  node("conv", "Conv", 1).substr(0, 60)}) {
    const auto nodes = read_profile(whole + rest, 0, 1.0);
    ASSERT_TRUE(nodes.has_value()) << nodes.error().context;
    EXPECT_DOUBLE_EQ(nodes->nodes[0].mean_ns, 10000);
  }
}

TEST(ProfileReader, LeavesARunOutThatStoppedShort) {
  const auto nodes =
      read_profile(kHead + run(10, 2) + node("conv", "Conv", 1) + run_end() + run(10, 2) + kTail, 0, 1.0);
  ASSERT_TRUE(nodes.has_value()) << nodes.error().context;
  EXPECT_DOUBLE_EQ(nodes->nodes[0].mean_ns, 10000);
}

TEST(ProfileReader, RefusesRunsThatDiffer) {
  const auto other =
      read_profile(kHead + run(10, 2) + node("conv", "Conv", 1) + node("tanh", "Tanh", 1) + run_end() + kTail, 0, 1.0);
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, Errc::engine_failure);
  EXPECT_NE(other.error().context.find("'tanh'"), std::string::npos) << other.error().context;
  const auto more = read_profile(
      kHead + run(10, 2) + node("conv", "Conv", 1) + node("relu", "Relu", 1) + node("relu", "Relu", 1) + run_end(), 0,
      1.0);
  EXPECT_FALSE(more.has_value());
}

TEST(ProfileReader, RefusesAProfileWithoutEnoughRuns) {
  for (const std::string& text : {std::string(), std::string("[]"), kHead + kTail, kHead + run(1, 1),
                                  kHead + node("conv", "Conv", 1), std::string(1000, '\n')}) {
    const auto nodes = read_profile(text, 1, 0.4);
    ASSERT_FALSE(nodes.has_value());
    EXPECT_EQ(nodes.error().code, Errc::engine_failure);
  }
}

TEST(ProfileReader, KeepsNodesOfTheSameNameApart) {
  const std::string one = node("", "Relu", 1) + node("", "Relu", 5) + run_end();
  const auto nodes = read_profile(kHead + one + one + kTail, 0, 1.0);
  ASSERT_TRUE(nodes.has_value());
  ASSERT_EQ(nodes->nodes.size(), 2U);
  EXPECT_DOUBLE_EQ(nodes->nodes[0].mean_ns, 1000);
  EXPECT_DOUBLE_EQ(nodes->nodes[1].mean_ns, 5000);
}

}  // namespace
}  // namespace latcast::ort
