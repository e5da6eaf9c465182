// Every form against a naive evaluation, and what the checks refuse.
#include "core/form.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <random>

#include "core/every_form.h"
#include "core/limits.h"
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

double naive_process(const FormNode& node, const std::vector<double>& x) {
  const std::size_t d = x.size();
  double sum = node.doubles[0];
  for (std::size_t c = 0; c < node.floats.size() / d; ++c) {
    double squared = 0;
    for (std::size_t j = 0; j < d; ++j) {
      squared += std::pow(x[j] * node.doubles[1 + j] - double(node.floats[d * c + j]), 2);
    }
    const double r = std::sqrt(5 * squared);
    sum += node.doubles[1 + d + c] * (node.ints[0] == 0 ? std::exp(-squared / 2) : (1 + r + r * r / 3) * std::exp(-r));
  }
  return sum;
}

TEST(Form, GaussianProcessIsTheSumOfItsKernels) {
  std::mt19937_64 random(4);
  std::uniform_real_distribution<double> unit(0, 8);
  for (const int kernel : {0, 1}) {
    for (const int centres : {1, 12, 48, 112, 250}) {
      const FormSpec form = test::random_gp(centres, 3, 5, kernel);
      for (int i = 0; i < 20; ++i) {
        const std::vector<double> x = {unit(random), unit(random), unit(random)};
        EXPECT_NEAR(value(form, inputs({}, x)), naive_process(form[0], x), 2e-6);
      }
    }
  }
}

TEST(Form, GaussianProcessOfLargeWeightsIsSummedInDoublePrecision) {
  for (const int kernel : {0, 1}) {
    FormSpec form = test::random_gp(12, 3, 5, kernel);
    for (std::size_t c = 0; c < 12; ++c) form[0].doubles[4 + c] *= 1e6;
    const std::vector<double> x = {3, 5, 2};
    EXPECT_NEAR(value(form, inputs({}, x)), naive_process(form[0], x), 1e-6);
  }
}

TEST(Form, GaussianProcessFarFromEveryCentreIsItsMean) {
  for (const int kernel : {0, 1}) {
    FormSpec form = test::random_gp(12, 3, 5, kernel);
    form[0].doubles[1] = 1e12;
    EXPECT_NEAR(value(form, inputs({}, {1000, 5, 2})), form[0].doubles[0], 1e-12);
    form[0].doubles[1] = 1e13;
    EXPECT_FALSE(check(view(form), {0, 3}));
  }
}

TEST(Form, ForestsOfAnyDepthAndNumberAgreeWithAWalkDoneByHand) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> unit(0, 12);
  for (const auto& [count, depth] : {std::pair{0, 2}, {1, 0}, {9, 1}, {7, 6}, {17, 3}, {8, 7}, {3, 9}}) {
    const FormSpec form = test::random_trees(count, depth, 4, 3), stored = laid_out(form);
    EXPECT_EQ(stored[0].kind == FormKind::trees, depth > 6);
    EXPECT_EQ(laid_out(stored)[0].floats, stored[0].floats);
    for (int i = 0; i < 50; ++i) {
      const Inputs in = inputs({}, {unit(random), unit(random), unit(random), unit(random)});
      double expected = form[0].doubles[0];
      for (int t = 0; t < count; ++t) expected += naive_tree(form[0], t, in);
      EXPECT_EQ(value(form, in), expected);
      EXPECT_EQ(value(stored, in), expected);
    }
  }
}

TEST(Form, UnevenTreesAreCompletedWithTheirLeaves) {
  FormNode node;
  node.kind = FormKind::trees;
  node.doubles = {0};
  node.ints = {1, 0, 0, 1, -1, 0, 1, 3, -1, 0, -1, 0};  // a leaf to the left, a node with two leaves to the right
  node.floats = {5, 1, 7, 2, 3};
  for (const FormSpec& form : {FormSpec{node}, laid_out({node})}) {
    EXPECT_EQ(value(form, inputs({}, {4, 9})), 1);
    EXPECT_EQ(value(form, inputs({}, {5, 6})), 2);
    EXPECT_EQ(value(form, inputs({}, {6, 7})), 3);
  }
}

TEST(Form, ChecksRefuseCompleteTreesThatReadOutside) {
  const FormSpec good = laid_out(test::random_trees(8, 3, 3, 2));
  ASSERT_EQ(good[0].kind, FormKind::complete_trees);
  EXPECT_TRUE(check(view(good), {0, 3}));
  EXPECT_FALSE(check(view(good), {0, 2}));
  for (const auto& [place, damage] :
       {std::pair{0, -8}, {0, 7}, {0, 16}, {1, -1}, {1, 4}, {1, 31}, {2, -1}, {3, 0x05000000}}) {
    FormSpec bad = good;
    bad[0].ints[static_cast<std::size_t>(place)] = damage;
    EXPECT_FALSE(check(view(bad), {0, 3})) << place << " " << damage;
  }
}

TEST(Form, QuadraticIsItsPolynomial) {
  const std::vector<double> x = {3, 5, 2};
  const FormSpec form = test::random_form(FormKind::quadratic, {}, 1 + 6 + 6, 0);
  const std::vector<double>& w = form[0].doubles;
  double expected = w[0];
  std::size_t pair = 7;
  for (std::size_t i = 0; i < 3; ++i) {
    expected += w[4 + i] * (x[i] - w[1 + i]);
    for (std::size_t j = i; j < 3; ++j) expected += w[pair++] * (x[i] - w[1 + i]) * (x[j] - w[1 + j]);
  }
  EXPECT_NEAR(value(form, inputs({}, x)), expected, 1e-12);
}

TEST(Form, SparseLinearReadsTermsAndRawFeatures) {
  FormSpec form = test::random_form(FormKind::linear_sparse, {1, 1, 2, 0}, 4, 0);
  form[0].doubles = {10, 0.5, 3, 7};
  EXPECT_NEAR(value(form, inputs({100, 40}, {2, 1, 5})), 10 + 0.5 * 40 + 3 * 31 + 7 * 3, 1e-9);
}

TEST(Form, NeighboursAreTheNearest) {
  FormSpec form = test::random_form(FormKind::neighbours, {2, 11}, 1 + 2 + 11, 22);
  FormNode& node = form[0];
  node.doubles[0] = 0.1;
  node.doubles[1] = node.doubles[2] = 1.0;
  const std::vector<double> x = {0.1, 0.2};
  std::vector<std::pair<double, double>> all;
  for (std::size_t i = 0; i < 11; ++i) {
    all.emplace_back(
        std::pow(x[0] - double(node.floats[2 * i]), 2) + std::pow(x[1] - double(node.floats[2 * i + 1]), 2),
        node.doubles[3 + i]);
  }
  std::ranges::sort(all);
  const double a = 1 / (all[0].first + 0.1), b = 1 / (all[1].first + 0.1);
  EXPECT_NEAR(value(form, inputs({}, x)), (a * all[0].second + b * all[1].second) / (a + b), 1e-12);
}

TEST(Form, DenseLayersAreAppliedInOrderOwnOrShared) {
  const std::vector<double> x = {0.5, 2, 1};
  for (const std::int32_t activation : {0, 1}) {
    FormSpec form = test::random_form(FormKind::dense, {activation, 2, 3, 5, 1, 1, 0}, 0, 6);
    const FormSpec first = test::random_form(FormKind::dense, {}, 0, 20);
    form[0].shared = std::make_shared<const std::vector<float>>(first[0].floats);
    const std::vector<float>& w = first[0].floats;
    double expected = double(form[0].floats[5]);
    for (std::size_t o = 0; o < 5; ++o) {
      double sum = double(w[15 + o]);
      for (std::size_t i = 0; i < 3; ++i) sum += double(w[3 * o + i]) * x[i];
      expected += double(form[0].floats[o]) * (activation == 0 ? std::max(sum, 0.0) : sum / (1 + std::exp(-sum)));
    }
    EXPECT_NEAR(value(form, inputs({}, x)), expected, 1e-6);
  }
}

TEST(Form, ProductsComeApartAgain) {
  const FormSpec base = test::random_trees(3, 2, 4, 1);
  const FormSpec residual = mean_form({test::random_gp(4, 3, 5, 1), test::random_gp(6, 3, 5, 0)}, {0.5, 0.5});
  const auto parts = split_product(product_form(base, residual, -2, 3));
  if (!parts) FAIL();
  EXPECT_EQ(parts->least, -2);
  EXPECT_EQ(parts->most, 3);
  EXPECT_EQ(parts->base.size(), base.size());
  EXPECT_EQ(parts->base[0].floats, base[0].floats);
  ASSERT_EQ(parts->residual.size(), 3U);
  EXPECT_EQ(parts->residual[2].children, residual[2].children);
  EXPECT_EQ(parts->residual[1].floats, residual[1].floats);
  EXPECT_FALSE(split_product(base));
  EXPECT_FALSE(split_product(residual));
}

TEST(Form, ManyRowsGiveTheBitsThatEachGivesAlone) {
  constexpr FormShape kShape{4, 11};
  std::mt19937_64 random(6);
  std::uniform_real_distribution<double> unit(0, 12);
  std::vector<bool> kinds(13);
  for (const FormSpec& spec : test::every_form(kShape)) {
    const FormView nodes = view(spec);
    ASSERT_TRUE(check(nodes, kShape));
    for (const FormNodeView& node : nodes) kinds.at(static_cast<std::size_t>(node.kind)) = true;
    const Form form(nodes, kShape);
    for (std::size_t count = 1; count <= kMostRows; ++count) {
      const std::size_t rows = (count + 3) / 4 * 4;
      std::vector<double> terms(kShape.terms * rows), features(kShape.features * rows), out(rows);
      for (double& x : terms) x = 100 * unit(random);
      for (double& x : features) x = unit(random);
      const std::vector<float> features32(features.begin(), features.end());
      form.evaluate_rows({terms.data(), features.data(), features32.data(), kShape, rows, count}, out.data());
      for (std::size_t row = 0; row < count; ++row) {
        Inputs one;
        for (std::size_t i = 0; i < kShape.terms; ++i) one.terms.push_back(terms[i * rows + row]);
        for (std::size_t i = 0; i < kShape.features; ++i) one.features.push_back(features[i * rows + row]);
        EXPECT_EQ(out[row], form.evaluate(inputs(one.terms, one.features).view()))
            << "kind " << static_cast<int>(spec[spec.size() - 2].kind) << ", row " << row << " of " << count;
      }
    }
  }
  EXPECT_EQ(std::ranges::count(kinds, true), 13);
}

TEST(Form, CostGrowsWithWork) {
  const auto cost = [](const FormSpec& form) { return form_cost_ns(form, {1, 20}); };
  EXPECT_GT(cost(constant_form(1)), 0);
  EXPECT_GT(cost(test::random_trees(150, 5, 20, 1)), 2 * cost(test::random_trees(20, 5, 20, 1)));
  EXPECT_NEAR(cost(test::random_trees(144, 5, 20, 1)) / cost(laid_out(test::random_trees(144, 5, 20, 1))), 1, 0.1);
  EXPECT_GT(cost(test::random_gp(200, 20, 1)), cost(test::random_gp(200, 5, 1)));
}

TEST(Form, ProductAndMeanCompose) {
  const FormSpec mean = mean_form({constant_form(1), constant_form(3)}, {0.25, 0.75});
  EXPECT_DOUBLE_EQ(value(mean, inputs({}, {})), 2.5);
  const FormSpec form = product_form(test::linear_terms({2}), mean);
  EXPECT_EQ(form.size(), 5U);
  EXPECT_DOUBLE_EQ(value(form, inputs({50}, {})), 100 * std::exp(2.5));
}

TEST(Form, ASumTakesEachChildUpToItsCap) {
  const FormSpec plain = sum_form({constant_form(5), constant_form(3)}, {2, 0.5});
  EXPECT_DOUBLE_EQ(value(plain, inputs({}, {})), 11.5);
  FormSpec capped = plain;
  capped.back().doubles = {2, 0.5, 4, kNoCap};
  EXPECT_DOUBLE_EQ(value(capped, inputs({}, {})), 9.5);
  const auto refused = [](const FormSpec& form) { return !check(view(form), {0, 0}).has_value(); };
  EXPECT_FALSE(refused(capped));
  capped.back().doubles = {2, -3, 4, kNoCap};
  EXPECT_FALSE(refused(capped));
  EXPECT_DOUBLE_EQ(value(capped, inputs({}, {})), 1);
  capped.back().doubles = {2, 0.5, -4, kNoCap};
  EXPECT_TRUE(refused(capped));
  capped.back().doubles = {2, 0.5};
  EXPECT_TRUE(refused(capped));
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
