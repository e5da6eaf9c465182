// Another target's pack as base terms.
#include <gtest/gtest.h>

#include <algorithm>

#include "learn/data/rows.h"
#include "learn/models/physical_base.h"
#include "learn/prior/prior_knowledge.h"
#include "learn/totals_world.h"
#include "learn/train.h"
#include "must.h"

namespace latcast::learn {
namespace {

using latcast::test::must;

std::vector<NamedProgram> named(const std::vector<std::string>& names) {
  std::vector<NamedProgram> out;
  for (const std::string& name : names) out.push_back({name, name, {}});
  return out;
}

/// A pack's classes for the world's, with these weights of the terms; no weights: no form.
PackContent pack_of(const test::TotalsWorld& world, const std::vector<std::vector<double>>& weights) {
  PackContent out;
  for (std::size_t c = 0; c < world.classes.size(); ++c) {
    KernelModel kernel;
    kernel.name = world.classes[c].kernel_name;
    kernel.terms = named(world.classes[c].term_names);
    kernel.features = named(world.classes[c].feature_names);
    kernel.low = kernel.high = {0, 0};
    const auto count = static_cast<Eigen::Index>(weights[c].size());
    if (count > 0) kernel.form = linear_terms_form(Eigen::Map<const Eigen::VectorXd>(weights[c].data(), count));
    out.types.push_back(
        {.name = world.classes[c].type_name, .parameters = {}, .derived = {}, .macs = {}, .kernels = {kernel}});
  }
  return out;
}

TrainingSet set_of(const test::TotalsWorld& world) {
  TrainingSet out;
  out.unlisted = world.classes;
  out.representative = true;
  for (Eigen::Index i = 0; i < world.quiet_ns.size(); ++i) {
    NetworkTruth network;
    network.name = "n" + std::to_string(i);
    network.family = "f" + std::to_string(i % 7);
    network.quiet_ns = world.quiet_ns[i];
    out.networks.push_back(std::move(network));
  }
  return out;
}

double value(const FormSpec& form, const KernelSamples& samples, Eigen::Index row, Eigen::Index terms) {
  const Eigen::VectorXd own = samples.terms.row(row).head(terms);
  const RowMatrix logs = log_features(samples.features.row(row));
  const Eigen::VectorXf logs32 = logs.row(0).cast<float>();
  return evaluate(view(form), {{own.data(), static_cast<std::size_t>(terms)},
                               {logs.data(), static_cast<std::size_t>(logs.cols())},
                               {logs32.data(), static_cast<std::size_t>(logs32.size())}});
}

/// One tree: `below` where the feature is less, else `above`.
FormSpec step(int feature, float threshold, double below, double above) {
  FormNode node;
  node.kind = FormKind::trees;
  node.doubles = {0.0};
  node.ints = {1, 0, feature, 1, -1, 0, -1, 0};
  node.floats = {threshold, static_cast<float>(below), static_cast<float>(above)};
  return {std::move(node)};
}

TEST(Prior, ItsCostsAreTermsAndThenPartOfTheForm) {
  const test::TotalsWorld world = test::make_totals();
  TrainingSet set = set_of(world);
  const PackContent proxy = pack_of(world, {{0.1, 0.8, 4000}, {0.8, 4000}});
  const PriorTerms terms = must(PriorTerms::add_to(set, proxy));
  const KernelSamples& conv = set.unlisted[0];
  ASSERT_EQ(conv.terms.cols(), 6);
  EXPECT_EQ(conv.term_names[3], "proxy");
  EXPECT_EQ(conv.term_units[3].of, TermUnit::Of::proxy);
  EXPECT_DOUBLE_EQ(conv.terms(0, 3), conv.terms.row(0).head(3).dot(Eigen::RowVector3d(0.1, 0.8, 4000)));
  EXPECT_LT(conv.terms.col(4).maxCoeff(), conv.terms.col(5).maxCoeff());
  EXPECT_LT(conv.terms.col(5).maxCoeff(), conv.terms.col(3).maxCoeff());

  PackContent trained = pack_of(world, {{}, {}});
  const Eigen::VectorXd wide = (Eigen::VectorXd(6) << 0.01, 0, 7, 0.5, 0.25, 0.125).finished();
  trained.types[0].kernels[0].form = linear_terms_form(wide);
  ASSERT_TRUE(terms.settle(trained, proxy).has_value());
  for (Eigen::Index row = 0; row < 40; ++row) {
    EXPECT_NEAR(value(trained.types[0].kernels[0].form, conv, row, 3), conv.terms.row(row).dot(wide), 1e-6);
  }
  // Nothing was learnt of the other class: the proxy's, scaled; here everything takes half of the proxy's time.
  const KernelModel& add = trained.types[1].kernels[0];
  EXPECT_EQ(add.model, "proxy");
  EXPECT_NEAR(value(add.form, set.unlisted[1], 0, 2) / set.unlisted[1].terms(0, 2), 0.5, 0.1);
}

TEST(Prior, NegativeWeightsOfSparseFormsStay) {
  const test::TotalsWorld world = test::make_totals();
  TrainingSet set = set_of(world);
  const PackContent proxy = pack_of(world, {{0.1, 0.8, 4000}, {0.8, 4000}});
  const PriorTerms terms = must(PriorTerms::add_to(set, proxy));
  const KernelSamples& conv = set.unlisted[0];
  // -3000 - 0.01 macs + 2 proxy - 0.5 proxy up to the first cap; and one that does not use the proxy.
  FormNode node;
  node.kind = FormKind::linear_sparse;
  node.ints = {3, 0, 3, 4};
  node.doubles = {-3000, -0.01, 2, -0.5};
  PackContent trained = pack_of(world, {{}, {}});
  trained.types[0].kernels[0].form = {node};
  node.ints = {2, 0, 2};
  node.doubles = {500, 0.25, 0};
  trained.types[1].kernels[0].form = {node};
  ASSERT_TRUE(terms.settle(trained, proxy).has_value());
  for (Eigen::Index row = 0; row < 40; ++row) {
    const double wanted = -3000 - 0.01 * conv.terms(row, 0) + 2 * conv.terms(row, 3) - 0.5 * conv.terms(row, 4);
    EXPECT_NEAR(value(trained.types[0].kernels[0].form, conv, row, 3), wanted, 1e-4);
  }
  const FormSpec& plain = trained.types[1].kernels[0].form;
  EXPECT_TRUE(check(view(plain), {2, 2}).has_value());
  EXPECT_NEAR(value(plain, set.unlisted[1], 0, 2), 500 + 0.25 * set.unlisted[1].terms(0, 0), 1e-9);
}

TEST(Prior, FewNetworksAreEnoughBesideAProxy) {
  // What they cost depends on their width in a way that no base term has; the proxy has it, and takes three times as
  // long.
  test::TotalsWorldOptions options;
  options.factor = [](const test::Layer& layer) { return layer.c > 32 ? 2.0 : 1.0; };
  test::TotalsWorld world = test::make_totals(options);
  for (std::size_t i = 8; i < world.use.size(); ++i) world.use[i] = 0;
  const double alone = test::error_of_others(world, fit_totals(world.problem(), true).forecast_ns);
  PackContent proxy = pack_of(world, {{3 * test::kMac_ns, 3 * test::kElement_ns, 3 * test::kCall_ns},
                                      {3 * test::kElement_ns, 3 * test::kCall_ns}});
  // One tree over the width: log2(1 + c) above 5.5 doubles.
  FormSpec& conv = proxy.types[0].kernels[0].form;
  conv = product_form(std::move(conv), step(0, 5.5, 0.0, std::log(2.0)));
  TrainingSet set = set_of(world);
  must(PriorTerms::add_to(set, proxy));
  world.classes = set.unlisted;
  const double beside = test::error_of_others(world, fit_totals(world.problem(), true).forecast_ns);
  EXPECT_LT(beside, 0.05);
  EXPECT_LT(beside, 0.5 * alone);
}

TEST(Prior, SeveralPacksGiveTermsOfTheirOwn) {
  const test::TotalsWorld world = test::make_totals();
  TrainingSet set = set_of(world);
  const std::vector<PackContent> packs = {pack_of(world, {{0.1, 0.8, 4000}, {0.8, 4000}}),
                                          pack_of(world, {{0.3, 0.1, 900}, {}})};
  const PriorKnowledge prior = must(PriorKnowledge::add_to(set, packs));
  const KernelSamples& conv = set.unlisted[0];
  ASSERT_EQ(conv.terms.cols(), 9);
  EXPECT_EQ(conv.term_names[3], "proxy");
  EXPECT_EQ(conv.term_names[6], "proxy 2");
  EXPECT_DOUBLE_EQ(conv.terms(0, 6), conv.terms.row(0).head(3).dot(Eigen::RowVector3d(0.3, 0.1, 900)));
  EXPECT_EQ(set.unlisted[1].terms.cols(), 5);  // the second pack knows nothing of this class

  PackContent trained = pack_of(world, {{}, {}});
  const Eigen::VectorXd wide = (Eigen::VectorXd(9) << 0.01, 0, 7, 0.5, 0.25, 0.125, 0.4, 0.2, 0.1).finished();
  trained.types[0].kernels[0].form = linear_terms_form(wide);
  ASSERT_TRUE(prior.settle(trained).has_value());
  for (Eigen::Index row = 0; row < 40; ++row) {
    const double expected = conv.terms.row(row).dot(wide);
    EXPECT_NEAR(value(trained.types[0].kernels[0].form, conv, row, 3), expected, 1e-6 * expected);
  }
}

TEST(Prior, AnotherCatalogueIsRefused) {
  const test::TotalsWorld world = test::make_totals();
  TrainingSet set = set_of(world);
  PackContent proxy = pack_of(world, {{0.1, 0.8, 4000}, {0.8, 4000}});
  proxy.types[0].kernels[0].terms[1].name = "rows";
  const auto result = PriorTerms::add_to(set, proxy);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::mismatch);
}

TEST(Prior, NetworksWithoutAKnownLatencyLoseTheirTotal) {
  std::vector<TableNetwork> networks(2);
  networks[0].total_ns = networks[1].total_ns = 300;
  networks[0].deviation_ns = 30;
  const std::vector<double> ratios = {1.5, std::nan("")};
  divide_totals(networks, ratios);
  EXPECT_DOUBLE_EQ(networks[0].total_ns, 200);
  EXPECT_DOUBLE_EQ(networks[0].deviation_ns, 20);
  EXPECT_TRUE(std::isnan(networks[1].total_ns));
}

}  // namespace
}  // namespace latcast::learn
