// Networks in memory: built, read, cut, and under other shapes.
#include "latcast/network.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "graph/net_builder.h"
#include "must.h"

namespace latcast {
namespace {

using test::must;
using Shape = std::vector<std::int64_t>;

std::string error_of(const Network& net) {
  const std::optional<Error>& error = net.error();
  return error ? error->context : "none";
}

TEST(Network, KnowsShapes) {
  Network net;
  const Tensor x = net.node("Conv", {net.input({2, 3, 20, 10}), net.weight({8, 3, 3, 3})}, {{"strides", {2, 2}}});
  EXPECT_EQ(net.dims(x), (std::vector<std::int64_t>{2, 8, 9, 4}));
  const Tensor y = net.node("Reshape", {x, net.integers({2, -1})});
  EXPECT_EQ(net.dims(y), (std::vector<std::int64_t>{2, 288}));
  const Tensor parts[] = {y};
  const auto halves = net.nodes("Split", parts, std::vector<NodeAttribute>{{"axis", 1}}, 2);
  ASSERT_EQ(halves.size(), 2U);
  EXPECT_EQ(net.dims(halves[1]), (std::vector<std::int64_t>{2, 144}));
  const Tensor mean = net.node("ReduceMean", {x}, {{"axes", {-1}}, {"keepdims", 0}});
  EXPECT_EQ(net.dims(mean), (std::vector<std::int64_t>{2, 8, 9}));  // a list of one is a list
  EXPECT_EQ(error_of(net), "none");
  EXPECT_EQ(net.size(), 4U);
}

TEST(Network, SaysWhatIsWrongAndWhere) {
  Network misfit;
  misfit.node("Relu", {misfit.input({1, 4, 8, 8})});
  misfit.node("Conv", {misfit.input({1, 4, 8, 8}), misfit.weight({8, 3, 3, 3})});
  EXPECT_EQ(error_of(misfit), "operator 1 (Conv) does not fit inputs of the shapes 1x4x8x8, 8x3x3x3");

  Network lacking;
  lacking.node("Mul", {lacking.input({2, 3})});
  EXPECT_EQ(error_of(lacking), "operator 0 (Mul) lacks its input 1");

  Network unknown;  // also where the shape of what it reads is not known
  unknown.node("Mul", {unknown.node("Mystery", {unknown.input({2, 3})}, {}, "unknown")});
  EXPECT_EQ(error_of(unknown), "operator 1 (Mul) lacks its input 1");

  Network stranger;
  stranger.node("Relu", {Tensor{1000}});
  EXPECT_NE(error_of(stranger).find("operator 0 (Relu) reads a tensor of another network"), std::string::npos);

  Network fruitless;
  fruitless.output(fruitless.nodes("Relu", std::vector<Tensor>{fruitless.input({2, 3})}, {}, 0).empty()
                       ? Tensor()
                       : fruitless.input({1}));
  EXPECT_NE(error_of(fruitless).find("operator 0 (Relu) gives nothing"), std::string::npos);

  Network empty;
  static_cast<void>(empty.input({1, 0, 3}));
  EXPECT_NE(error_of(empty).find("an input of no possible shape"), std::string::npos);

  Network huge;
  static_cast<void>(huge.weight({1LL << 40, 3}));
  EXPECT_NE(error_of(huge).find("a weight of no possible shape"), std::string::npos);

  Network outside;
  outside.output(Tensor{7});
  EXPECT_NE(error_of(outside).find("an output that is no tensor"), std::string::npos);

  // The first thing that went wrong is what is told, also by what is made of the network.
  misfit.output(Tensor());
  EXPECT_EQ(error_of(misfit), "operator 1 (Conv) does not fit inputs of the shapes 1x4x8x8, 8x3x3x3");
  EXPECT_EQ(misfit.cut({misfit.inputs()[0]}).error().context, error_of(misfit));
  EXPECT_EQ(misfit.with_batch(2).error().context, error_of(misfit));
}

// --- read

Tensor named(const Network& net, std::string_view name) { return net.find(name).value_or(Tensor()); }

std::string written(const onnx::Model& model, const std::string& name) {
  const std::string file = testing::TempDir() + "latcast_network_" + name + ".onnx";
  std::ofstream(file, std::ios::binary) << must(onnx::write_model(model, onnx::Weights::materialize));
  return file;
}

/// Convolution and activation of a free batch.
onnx::Model small_model() {
  onnx::Graph graph;
  graph.inputs = {test::value("x", {})};
  graph.inputs[0].shape = {{-1, "n"}, {3, {}}, {8, {}}, {8, {}}};
  graph.initializers = {test::weight("w", {4, 3, 3, 3})};
  graph.nodes = {test::node("Conv", {"x", "w"}, {"c"}), test::node("Relu", {"c"}, {"y"})};
  graph.outputs = {test::value("y", {1, 4, 6, 6})};
  return test::model(std::move(graph));
}

TEST(Network, IsReadFromAFile) {
  const Network net = must(Network::read(written(small_model(), "read"), {.named = {}, .batch = 2}));
  const Tensor c = named(net, "c");
  EXPECT_EQ(net.dims(c), (Shape{2, 4, 6, 6}));
  EXPECT_EQ(net.inputs(), std::vector{named(net, "x")});
  EXPECT_EQ(net.outputs(), std::vector{named(net, "y")});
  EXPECT_FALSE(net.find("z"));
  EXPECT_FALSE(net.find(""));

  const std::vector<Operator> operators = net.operators();
  ASSERT_EQ(operators.size(), net.size());
  EXPECT_EQ(operators[0].op, "Conv");
  EXPECT_EQ(operators[0].name, "Conv_c");
  EXPECT_EQ(operators[0].inputs, (std::vector{named(net, "x"), named(net, "w")}));
  EXPECT_EQ(operators[0].outputs, std::vector{c});

  const TensorDescription weight = net.describe(named(net, "w"));
  EXPECT_EQ(weight.name, "w");
  EXPECT_EQ(weight.type, ElementType::float32);
  EXPECT_EQ(weight.bytes, 4U * 3 * 3 * 3 * 4);
  EXPECT_TRUE(weight.constant);
  EXPECT_FALSE(net.describe(c).constant);
  EXPECT_FALSE(net.describe(Tensor{1000}).dims);
}

TEST(Network, SaysWhyAFileCannotBeRead) {
  const std::string file = written(small_model(), "unread");
  const auto unbound = Network::read(file);
  ASSERT_FALSE(unbound);
  EXPECT_NE(unbound.error().context.find(file + ": free dimensions"), std::string::npos) << unbound.error().context;
  EXPECT_NE(unbound.error().context.find("'n'"), std::string::npos);
  EXPECT_EQ(Network::read(file + ".none").error().code, Errc::not_found);

  onnx::Model lacking = small_model();
  lacking.graph.nodes[0].inputs.pop_back();
  const auto refused = Network::read(written(lacking, "lacking"), {.named = {}, .batch = 1});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().context.find("(Conv) lacks its input 1"), std::string::npos) << refused.error().context;
}

TEST(Network, GoesOnWhereAFileEnds) {
  Network net = must(Network::read(written(small_model(), "longer"), {.named = {}, .batch = 1}));
  const Tensor pooled = net.node("GlobalAveragePool", {named(net, "y")});
  EXPECT_EQ(net.dims(pooled), (Shape{1, 4, 1, 1}));
  EXPECT_EQ(error_of(net), "none");
}

TEST(Network, IsAValue) {
  Network net;
  const Tensor x = net.node("Relu", {net.input({1, 3})});
  const Network copy = net;
  net.node("Tanh", {x});
  EXPECT_EQ(net.size(), 2U);
  EXPECT_EQ(copy.size(), 1U);
  net = copy;
  EXPECT_EQ(net.size(), 1U);
}

// --- cut

/// Names of operators: enough to see what is where.
std::vector<std::string> operators(const Network& net) {
  std::vector<std::string> out;
  for (const Operator& one : net.operators()) out.push_back(one.op);
  return out;
}

std::vector<Tensor> crossing(const NetworkCut& cut) {
  std::vector<Tensor> out;
  for (const TensorDescription& one : cut.crossing) out.push_back(one.tensor);
  return out;
}

/// x -> Relu -> a; a -> Tanh -> b, a -> Neg -> c; b, c -> Add -> d -> Sigmoid
struct Diamond {
  Network network;
  Tensor x = network.input({2, 3}), a = network.node("Relu", {x}), b = network.node("Tanh", {a}),
         c = network.node("Neg", {a}), d = network.node("Add", {b, c}), e = network.node("Sigmoid", {d});
  Diamond() { network.output(e); }
};

TEST(NetworkCut, HasOneTensorBetweenTwoNetworks) {
  const Diamond diamond;
  const NetworkCut cut = must(diamond.network.cut({diamond.d}));
  EXPECT_EQ(operators(cut.before), (std::vector<std::string>{"Relu", "Tanh", "Neg", "Add"}));
  EXPECT_EQ(operators(cut.after), (std::vector<std::string>{"Sigmoid"}));
  EXPECT_EQ(cut.before.inputs(), std::vector{diamond.x});
  EXPECT_EQ(cut.before.outputs(), std::vector{diamond.d});
  EXPECT_EQ(cut.after.inputs(), std::vector{diamond.d});
  EXPECT_EQ(cut.after.outputs(), std::vector{diamond.e});
  ASSERT_EQ(crossing(cut), std::vector{diamond.d});
  EXPECT_EQ(cut.crossing[0].dims, (Shape{2, 3}));
  EXPECT_EQ(cut.crossing[0].bytes, 24U);
  EXPECT_EQ(cut.crossing[0].type, ElementType::float32);
  EXPECT_FALSE(cut.after.dims(diamond.a));  // left behind
  EXPECT_EQ(cut.after.dims(diamond.d), (Shape{2, 3}));
}

TEST(NetworkCut, TellsWhatElseCrosses) {
  const Diamond diamond;
  EXPECT_EQ(crossing(must(diamond.network.cut({diamond.b}))), (std::vector{diamond.a, diamond.b}));
  EXPECT_EQ(crossing(must(diamond.network.cut({diamond.b, diamond.c}))), (std::vector{diamond.b, diamond.c}));
  // A tensor before another one: only the later one counts, where all that reads the first is before it too.
  EXPECT_EQ(crossing(must(diamond.network.cut({diamond.a, diamond.d}))), std::vector{diamond.d});
}

TEST(NetworkCut, CountsATensorOnceHoweverManyReadIt) {
  const Diamond diamond;
  const NetworkCut cut = must(diamond.network.cut({diamond.a}));
  EXPECT_EQ(crossing(cut), std::vector{diamond.a});
  EXPECT_EQ(operators(cut.after), (std::vector<std::string>{"Tanh", "Neg", "Add", "Sigmoid"}));
}

TEST(NetworkCut, PutsEveryOperatorOnOneSide) {
  const Diamond diamond;
  for (const Tensor at : {diamond.a, diamond.b, diamond.c, diamond.d}) {
    const NetworkCut cut = must(diamond.network.cut({at}));
    EXPECT_EQ(cut.before.size() + cut.after.size(), diamond.network.size());
  }
  // All of an operator's outputs are where it is.
  Network net;
  const Tensor whole[] = {net.input({2, 4})};
  const auto halves = net.nodes("Split", whole, std::vector<NodeAttribute>{{"axis", 1}}, 2);
  net.output(net.node("Add", {net.node("Relu", {halves[0]}), halves[1]}));
  const NetworkCut cut = must(net.cut({halves[0]}));
  EXPECT_EQ(crossing(cut), halves);
  EXPECT_EQ(operators(cut.before), (std::vector<std::string>{"Split"}));
}

TEST(NetworkCut, KeepsOutputsThatAreReadOn) {
  Diamond diamond;
  diamond.network.output(diamond.b);
  const NetworkCut cut = must(diamond.network.cut({diamond.b, diamond.c}));
  EXPECT_EQ(cut.before.outputs(), (std::vector{diamond.b, diamond.c}));
  EXPECT_EQ(cut.after.outputs(), std::vector{diamond.e});
  EXPECT_EQ(crossing(cut), (std::vector{diamond.b, diamond.c}));
}

TEST(NetworkCut, LetsInputsCrossThatAreReadAfterIt) {
  Network net;
  const Tensor x = net.input({2, 3}), y = net.input({2, 3}), a = net.node("Relu", {x});
  net.output(net.node("Add", {net.node("Add", {a, x}), y}));
  EXPECT_EQ(crossing(must(net.cut({a}))), (std::vector{x, y, a}));
}

TEST(NetworkCut, LeavesOutWhatNoOutputNeeds) {
  Diamond diamond;
  diamond.network.node("Exp", {diamond.b});
  EXPECT_EQ(crossing(must(diamond.network.cut({diamond.d}))), std::vector{diamond.d});
}

TEST(NetworkCut, CopiesConstantsToBothSides) {
  Network net;
  const Tensor shared = net.weight({3}), a = net.node("Mul", {net.input({2, 3}), shared});
  net.output(net.node("Mul", {a, shared}));
  const NetworkCut cut = must(net.cut({a}));
  EXPECT_EQ(crossing(cut), std::vector{a});
  EXPECT_EQ(cut.before.dims(shared), (Shape{3}));
  EXPECT_EQ(cut.after.dims(shared), (Shape{3}));

  // One that operators compute, too: nothing runs for it.
  Network folded;
  const Tensor weight = folded.node("Transpose", {folded.weight({3, 4})});
  const Tensor b = folded.node("MatMul", {folded.input({2, 4}), weight});
  folded.output(folded.node("MatMul", {folded.node("Transpose", {b}), folded.node("Relu", {b})}));
  folded.output(folded.node("MatMul", {b, folded.node("Transpose", {weight})}));
  const NetworkCut both = must(folded.cut({b}));
  EXPECT_EQ(crossing(both), std::vector{b});
  EXPECT_EQ(error_of(both.after), "none");
}

TEST(NetworkCut, KnowsTheSizesOfWhatWasLeftBehind) {
  Network net;
  const Tensor x = net.input({2, 12}), wide = net.node("Relu", {x}), size = net.node("Shape", {wide});
  const Tensor sum = net.node("ReduceSum", {wide, net.integers({1})});  // 2x1
  const Tensor tall = net.node("Expand", {sum, size});
  net.output(tall);
  const NetworkCut cut = must(net.cut({sum}));
  EXPECT_EQ(crossing(cut), std::vector{sum});  // not `wide`, for its size alone
  EXPECT_EQ(operators(cut.after), (std::vector<std::string>{"Expand"}));
  EXPECT_EQ(cut.after.dims(tall), (Shape{2, 12}));
  EXPECT_TRUE(cut.after.describe(size).constant);

  // A size of what is there is computed there.
  Network there;
  const Tensor b = there.node("Relu", {there.input({2, 12})});
  there.output(there.node("Reshape", {there.node("Transpose", {b}), there.node("Shape", {b})}));
  const Network after = must(there.cut({b})).after;
  EXPECT_EQ(operators(after), (std::vector<std::string>{"Transpose", "Shape", "Reshape"}));
  EXPECT_EQ(must(after.with_batch(3)).size(), 3U);
}

TEST(NetworkCut, CanBeCutAgain) {
  const Diamond diamond;
  const Network after = must(diamond.network.cut({diamond.a})).after;
  const NetworkCut again = must(after.cut({diamond.b, diamond.c}));
  EXPECT_EQ(operators(again.before), (std::vector<std::string>{"Tanh", "Neg"}));
  EXPECT_EQ(operators(again.after), (std::vector<std::string>{"Add", "Sigmoid"}));
  EXPECT_EQ(again.before.inputs(), std::vector{diamond.a});
}

TEST(NetworkCut, SaysWhyThereIsNone) {
  const auto why = [](const Network& net, Tensor at) { return net.cut({at}).error().context; };
  Diamond diamond;
  const Tensor constant = diamond.network.weight({3});
  EXPECT_NE(why(diamond.network, constant).find("it is a constant"), std::string::npos)
      << why(diamond.network, constant);
  EXPECT_NE(why(diamond.network, Tensor{1000}).find("no such tensor"), std::string::npos);
  EXPECT_NE(why(diamond.network, Tensor()).find("no such tensor"), std::string::npos);
  const Network after = must(diamond.network.cut({diamond.d})).after;
  EXPECT_NE(why(after, diamond.a).find("no such tensor"), std::string::npos);
  for (const Tensor end : {diamond.x, diamond.e})
    EXPECT_NE(why(diamond.network, end).find("all operators are on one side"), std::string::npos)
        << why(diamond.network, end);
  EXPECT_FALSE(diamond.network.cut(std::initializer_list<Tensor>{}));

  const Network read = must(Network::read(written(small_model(), "cut"), {.named = {}, .batch = 1}));
  EXPECT_EQ(why(read, named(read, "w")),
            "cannot cut at tensor 'w': it is a constant, which no operator has to run for");
}

// --- other shapes

TEST(NetworkShapes, AreDeducedAnewForAnotherResolution) {
  Network net;
  const Tensor x = net.input({1, 3, 32, 32});
  const Tensor y = net.node("Conv", {x, net.weight({8, 3, 3, 3})}, {{"strides", {2, 2}}});
  net.output(net.node("Flatten", {net.node("GlobalAveragePool", {y})}));
  const Network larger = must(net.with_inputs({{x, {1, 3, 64, 48}}}));
  EXPECT_EQ(larger.dims(y), (Shape{1, 8, 31, 23}));
  EXPECT_EQ(larger.dims(net.outputs()[0]), (Shape{1, 8}));
  EXPECT_EQ(net.dims(y), (Shape{1, 8, 15, 15}));
  EXPECT_EQ(must(larger.with_inputs({{x, {1, 3, 32, 32}}})).dims(y), net.dims(y));
}

TEST(NetworkShapes, NameTheOperatorThatDoesNotFit) {
  onnx::Graph graph;
  graph.inputs = {test::value("x", {1, 4, 6})};
  graph.initializers = {test::int_values("shape", {1, 24})};
  graph.nodes = {test::node("Relu", {"x"}, {"a"}), test::node("Reshape", {"a", "shape"}, {"y"})};
  graph.outputs = {test::value("y", {1, 24})};
  const Network net = must(Network::read(written(test::model(std::move(graph)), "misfit")));
  const Tensor x = named(net, "x");
  const auto misfit = net.with_inputs({{x, {1, 4, 8}}});
  ASSERT_FALSE(misfit);
  EXPECT_EQ(misfit.error().code, Errc::invalid_input);
  EXPECT_EQ(misfit.error().context,
            "operator 'Reshape_y' (Reshape) does not fit inputs of the shapes 1x4x8, 2 (1, 24)");
  // Taken by the letter, as the engine would; with_batch() knows what the 1 means.
  EXPECT_FALSE(net.with_inputs({{x, {4, 4, 6}}}));
  EXPECT_EQ(must(net.with_batch(4)).dims(named(net, "y")), (Shape{4, 24}));
}

TEST(NetworkShapes, NeedInputsOfTheNetwork) {
  const Diamond diamond;
  EXPECT_NE(diamond.network.with_inputs({{diamond.a, {1, 3}}}).error().context.find("no input"), std::string::npos);
  EXPECT_NE(diamond.network.with_inputs({{Tensor(), {1, 3}}}).error().context.find("no input"), std::string::npos);
  EXPECT_NE(diamond.network.with_inputs({{diamond.x, {0, 3}}}).error().context.find("no possible shape"),
            std::string::npos);
  EXPECT_FALSE(diamond.network.with_batch(0));
}

TEST(NetworkShapes, FollowShapesThatOperatorsCompute) {
  Network net;
  const Tensor x = net.input({1, 6, 4});
  const Tensor batch = net.node("Gather", {net.node("Shape", {x}), net.integers({0})}, {{"axis", 0}});
  const Tensor target = net.node("Concat", {batch, net.integers({24})}, {{"axis", 0}});
  const Tensor y = net.node("Reshape", {x, target});
  net.output(y);
  EXPECT_EQ(must(net.with_inputs({{x, {3, 6, 4}}})).dims(y), (Shape{3, 24}));
  EXPECT_EQ(must(net.with_batch(3)).dims(y), (Shape{3, 24}));
}

TEST(NetworkShapes, StayUnknownBehindOperatorsNobodyKnows) {
  onnx::Graph graph;
  graph.inputs = {test::value("x", {1, 4}), test::value("z", {1, 4})};
  graph.nodes = {test::node("Mystery", {"x"}, {"m"}, {}, "unknown"), test::node("Mystery", {"z"}, {"n"}, {}, "unknown"),
                 test::node("Relu", {"m"}, {"y"}), test::node("Relu", {"n"}, {"v"})};
  graph.value_infos = {test::value("m", {1, 7}), test::value("n", {1, 7})};
  graph.outputs = {test::value("y", {1, 7}), test::value("v", {1, 7})};
  const Network net = must(Network::read(written(test::model(std::move(graph)), "mystery")));
  EXPECT_EQ(net.dims(named(net, "y")), (Shape{1, 7}));  // as the file says
  const Network other = must(net.with_inputs({{named(net, "x"), {2, 4}}}));
  EXPECT_FALSE(other.dims(named(net, "m")));
  EXPECT_FALSE(other.dims(named(net, "y")));
  EXPECT_EQ(other.dims(named(net, "v")), (Shape{1, 7}));  // nothing has changed there
}

/// A vision transformer as exported for one image: class token, heads taken apart, all by constants.
struct Tokens {
  Network network;
  Tensor x = network.input({1, 3, 32, 32}), joined, heads, scores, y;
  Tokens() {
    const Tensor patches = network.node("Conv", {x, network.weight({24, 3, 8, 8})}, {{"strides", {8, 8}}});
    const Tensor tokens = network.node("Transpose", {network.node("Reshape", {patches, network.integers({1, 24, -1})})},
                                       {{"perm", {0, 2, 1}}});
    joined = network.node("Concat", {network.weight({1, 1, 24}), tokens}, {{"axis", 1}});
    const Tensor apart = network.node("Reshape", {joined, network.integers({1, 17, 3, 8})});
    heads = network.node("Transpose", {apart}, {{"perm", {0, 2, 1, 3}}});
    scores = network.node("MatMul", {heads, network.node("Transpose", {heads}, {{"perm", {0, 1, 3, 2}}})});
    const Tensor mixed = network.node("Transpose", {network.node("MatMul", {scores, heads})}, {{"perm", {0, 2, 1, 3}}});
    y = network.node("Reshape", {mixed, network.integers({1, 17, 24})});
    network.output(y);
  }
};

TEST(NetworkBatch, TakesConstantsAlongThatHoldTheOldOne) {
  const Tokens tokens;
  ASSERT_EQ(error_of(tokens.network), "none");
  const Network four = must(tokens.network.with_batch(4));
  EXPECT_EQ(four.dims(tokens.joined), (Shape{4, 17, 24}));
  EXPECT_EQ(four.dims(tokens.scores), (Shape{4, 3, 17, 17}));
  EXPECT_EQ(four.dims(tokens.y), (Shape{4, 17, 24}));
  EXPECT_EQ(must(four.with_batch(1)).dims(tokens.y), (Shape{1, 17, 24}));
  EXPECT_EQ(must(four.with_batch(6)).dims(tokens.y), (Shape{6, 17, 24}));
  // One target that two operators read keeps its meaning for both.
  EXPECT_EQ(tokens.network.dims(tokens.y), (Shape{1, 17, 24}));
}

TEST(NetworkBatch, FollowsWhereSamplesLieInPieces) {
  Network net;  // windows: [1, 4, 4, 8] -> [4, 4, 8] -> [1, 16, 8]
  const Tensor x = net.input({1, 4, 4, 8}), windows = net.node("Reshape", {x, net.integers({4, 4, 8})});
  const Tensor back = net.node("Reshape", {net.node("Relu", {windows}), net.integers({1, 16, -1})});
  net.output(back);
  const Network three = must(net.with_batch(3));
  EXPECT_EQ(three.dims(windows), (Shape{12, 4, 8}));
  EXPECT_EQ(three.dims(back), (Shape{3, 16, 8}));
}

TEST(NetworkBatch, FollowsWhereTokensComeFirst) {
  Network net;  // attention as torch.nn.MultiheadAttention has it: [N, T, C] -> [T, N, C] -> [T, N * heads, d] -> [T *
                // N, C]
  const Tensor x = net.input({1, 5, 12}), first = net.node("Transpose", {x}, {{"perm", {1, 0, 2}}});
  const Tensor heads = net.node("Reshape", {first, net.integers({5, 3, 4})});
  const Tensor rows = net.node("Reshape", {heads, net.integers({5, 12})});
  const Tensor y = net.node("Reshape", {net.node("Gemm", {rows, net.weight({12, 12})}), net.integers({5, 1, 12})});
  net.output(y);
  const Network two = must(net.with_batch(2));
  EXPECT_EQ(two.dims(heads), (Shape{5, 6, 4}));
  EXPECT_EQ(two.dims(rows), (Shape{10, 12}));
  EXPECT_EQ(two.dims(y), (Shape{5, 2, 12}));
}

TEST(NetworkBatch, FollowsInWhatRecurrentNetworksBeginWith) {
  Network net;
  const Tensor x = net.input({1, 5, 12}), first = net.node("Transpose", {x}, {{"perm", {1, 0, 2}}}), none;
  const Tensor begin = net.weight({1, 1, 8});
  const Tensor y = net.node("LSTM", {first, net.weight({1, 32, 12}), net.weight({1, 32, 8}), none, none, begin, begin},
                            {{"hidden_size", 8}});
  net.output(y);
  EXPECT_EQ(must(net.with_batch(3)).dims(y), (Shape{5, 1, 3, 8}));
}

TEST(NetworkBatch, FollowsInSizesAndExpansions) {
  Network net;
  const Tensor x = net.input({2, 3, 8, 8}), none;
  const Tensor large = net.node("Resize", {x, none, none, net.integers({2, 3, 16, 16})}, {{"mode", "nearest"}});
  const Tensor wide = net.node("Expand", {net.node("GlobalAveragePool", {large}), net.integers({2, 3, 5, 5})});
  net.output(wide);
  const Network five = must(net.with_batch(5));
  EXPECT_EQ(five.dims(large), (Shape{5, 3, 16, 16}));
  EXPECT_EQ(five.dims(wide), (Shape{5, 3, 5, 5}));
}

TEST(NetworkBatch, RefusesWhatMixesSamples) {
  Network net;  // a Gram matrix: written for one image, it means something else for four
  const Tensor x = net.input({1, 8, 4, 4}), flat = net.node("Reshape", {x, net.integers({8, 16})});
  net.output(net.node("MatMul", {flat, net.node("Transpose", {flat})}));
  const auto mixed = net.with_batch(4);
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().context,
            "operator 2 (MatMul) mixes samples: it would give 32x32 in place of 8x8, so constants with the old batch "
            "cannot follow the new one");
}

TEST(NetworkBatch, NeedsOneFirstDimension) {
  Network net;
  const Tensor x = net.input({2, 3}), y = net.input({1, 3});
  net.output(net.node("Add", {x, y}));
  const auto differ = net.with_batch(4);
  ASSERT_FALSE(differ);
  EXPECT_NE(differ.error().context.find("inputs differ in their first dimension"), std::string::npos);
  EXPECT_EQ(must(net.with_inputs({{x, {4, 3}}})).dims(net.outputs()[0]), (Shape{4, 3}));

  Network scalar;
  scalar.output(scalar.node("Relu", {scalar.input({})}));
  EXPECT_FALSE(scalar.with_batch(2));
}

}  // namespace
}  // namespace latcast
