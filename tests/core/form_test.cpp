// Every form against a naive evaluation, and what the checks refuse.
#include "core/form.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/sample_pack.h"

namespace latcast {
namespace {

struct Inputs {
  std::vector<double> terms, features;
  std::vector<float> features32;
  [[nodiscard]] FormInput view() const { return {terms, features, features32}; }
};

Inputs inputs(std::vector<double> terms, std::vector<double> features) {
  Inputs out{std::move(terms), std::move(features), {}};
  for (const double x : out.features) out.features32.push_back(static_cast<float>(x));
  return out;
}

double value(const FormSpec& form, const Inputs& in) {
  const FormView nodes = view(form);
  EXPECT_TRUE(check(nodes, {in.terms.size(), in.features.size()}));
  return evaluate(nodes, in.view());
}

double naive_tree(const FormNode& node, int tree, const Inputs& in) {
  const std::size_t links = 1 + static_cast<std::size_t>(node.ints[0]);
  auto at = static_cast<std::size_t>(node.ints[1 + static_cast<std::size_t>(tree)]);
  while (node.ints[links + 2 * at] >= 0) {
    const float x = in.features32[static_cast<std::size_t>(node.ints[links + 2 * at])];
    const auto left = static_cast<std::size_t>(node.ints[links + 2 * at + 1]);
    at = x < node.floats[at] ? left : left + 1;
  }
  return static_cast<double>(node.floats[at]);
}

TEST(Form, LinearTermsAreNanosecondsOfAtLeastOne) {
  EXPECT_DOUBLE_EQ(value(test::linear_terms({2, 3}), inputs({10, 100}, {})), 320);
  EXPECT_DOUBLE_EQ(value(test::linear_terms({0, 0}), inputs({10, 100}, {})), 1);
}

TEST(Form, LinearFeaturesMayHaveSquares) {
  FormNode node;
  node.kind = FormKind::linear_features;
  node.doubles = {1, 2, 3};
  EXPECT_DOUBLE_EQ(value({node}, inputs({}, {10, 100})), 321);
  node.doubles = {1, 2, 3, 0.5, 0.25};
  EXPECT_DOUBLE_EQ(value({node}, inputs({}, {10, 100})), 321 + 50 + 2500);
}

TEST(Form, TreesAgreeWithAWalkDoneByHand) {
  const FormSpec form = test::random_trees(15, 5, 4, 3);
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> unit(0, 12);
  for (int i = 0; i < 100; ++i) {
    const Inputs in = inputs({}, {unit(random), unit(random), unit(random), unit(random)});
    double expected = form[0].doubles[0];
    for (int t = 0; t < 15; ++t) expected += naive_tree(form[0], t, in);
    EXPECT_NEAR(value(form, in), expected, 1e-12);
  }
}

TEST(Form, GaussianProcessIsTheSumOfItsKernels) {
  for (const int kernel : {0, 1}) {
    const FormSpec form = test::random_gp(12, 3, 5, kernel);
    const FormNode& node = form[0];
    const std::vector<double> x = {3, 5, 2};
    double expected = node.doubles[0];
    for (std::size_t c = 0; c < 12; ++c) {
      double squared = 0;
      for (std::size_t j = 0; j < 3; ++j)
        squared += std::pow(x[j] * node.doubles[1 + j] - double(node.floats[3 * c + j]), 2);
      const double r = std::sqrt(5 * squared);
      expected += node.doubles[4 + c] * (kernel == 0 ? std::exp(-squared / 2) : (1 + r + r * r / 3) * std::exp(-r));
    }
    EXPECT_NEAR(value(form, inputs({}, x)), expected, 1e-12);
  }
}

TEST(Form, ProductAndMeanCompose) {
  const FormSpec mean = mean_form({constant_form(1), constant_form(3)}, {0.25, 0.75});
  EXPECT_DOUBLE_EQ(value(mean, inputs({}, {})), 2.5);
  const FormSpec form = product_form(test::linear_terms({2}), mean);
  EXPECT_EQ(form.size(), 5U);
  EXPECT_DOUBLE_EQ(value(form, inputs({50}, {})), 100 * std::exp(2.5));
}

TEST(Form, ARunawayResidualStaysFinite) {
  EXPECT_TRUE(std::isfinite(value(product_form(constant_form(1e300), constant_form(1e6)), inputs({}, {}))));
}

TEST(Form, ChecksRefuseWhatWouldReadOutside) {
  const FormShape shape{2, 3};
  const auto refused = [&](const FormSpec& form) { return !check(view(form), shape).has_value(); };
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused(FormSpec(kMaxFormNodes + 1, constant_form(1)[0])));
  EXPECT_TRUE(refused(test::linear_terms({1})));
  EXPECT_TRUE(refused(test::random_gp(4, 2, 1)));
  EXPECT_TRUE(refused(constant_form(std::numeric_limits<double>::infinity())));
  FormSpec unknown = constant_form(1);
  unknown[0].kind = static_cast<FormKind>(77);
  const auto result = check(view(unknown), shape);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::unsupported);
  FormSpec loop = product_form(constant_form(1), constant_form(1));
  loop[2].children[1] = 2;
  EXPECT_TRUE(refused(loop));
}

TEST(Form, ChecksRefuseTreesThatPointNowhereOrBack) {
  const FormShape shape{0, 3};
  const FormSpec good = test::random_trees(3, 3, 3, 2);
  ASSERT_TRUE(check(view(good), shape));
  const std::size_t links = 4;  // head, three roots
  const std::vector<std::pair<std::size_t, std::int32_t>> damages = {
      {0, -1}, {0, 1000}, {1, -2}, {1, 9999}, {links, 3}, {links + 1, 0}, {links + 1, 44}, {links + 1, -5}};
  for (const auto& [place, damage] : damages) {
    FormSpec bad = good;
    bad[0].ints[place] = damage;
    EXPECT_FALSE(check(view(bad), shape)) << place << " " << damage;
  }
}

}  // namespace
}  // namespace latcast
