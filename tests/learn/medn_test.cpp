// The encoder-decoder network and the perceptron: what core evaluates is what LibTorch says, options, odd inputs.
#include "learn/joint/medn.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "learn/models/kernel_fit.h"
#include "learn/models/mlp.h"
#include "learn/neural/library.h"
#include "learn/study/candidate.h"
#include "learn/synthetic.h"

namespace latcast::learn {
namespace {

struct Data {
  TrainingSet set;
  std::vector<Rows> rows;
  std::vector<JointClass> classes;
};

/// Classes of modules whose latency is a staircase; `rows` stay where they are.
std::unique_ptr<Data> make_data(int networks, std::uint64_t seed = 1) {
  test::SyntheticOptions options;
  options.networks = networks;
  options.seed = seed;
  auto out = std::make_unique<Data>();
  out->set = test::make_set(test::make_types(options.types, options.kernels), options);
  std::vector<Eigen::Index> kept;
  for (const KernelSamples& samples : out->set.kernels) out->rows.push_back(make_rows(samples, kept));
  for (std::size_t k = 0; k < out->rows.size(); ++k) {
    out->classes.push_back({out->set.kernels[k].type_name + "/" + out->set.kernels[k].kernel_name, &out->rows[k],
                            out->set.kernels[k].feature_names, out->set.kernels[k].term_names});
  }
  return out;
}

MednOptions quick(int epochs = 3) {
  MednOptions out;
  out.epochs = epochs;
  return out;
}

KernelFit fit_of(const FormSpec& form, const Rows& rows) {
  KernelFit out;
  out.form = form;
  out.samples = static_cast<std::uint32_t>(rows.size());
  for (Eigen::Index f = 0; f < rows.logs.cols(); ++f) {
    out.low.push_back(rows.logs.col(f).minCoeff());
    out.high.push_back(rows.logs.col(f).maxCoeff());
  }
  return out;
}

class Neural : public ::testing::Test {
 protected:
  void SetUp() override {
    if (auto ok = neural_available(); !ok) GTEST_SKIP() << ok.error().context;
  }
};

void expect_as_libtorch_says(const MednFit& fit, const Data& data) {
  for (std::size_t k = 0; k < data.rows.size(); ++k) {
    ASSERT_TRUE(fit.forms[k]) << fit.forms[k].error().context;
    const Rows& rows = data.rows[k];
    ASSERT_TRUE(check(view(*fit.forms[k]), {std::size_t(rows.terms.cols()), std::size_t(rows.logs.cols())}));
    const Eigen::VectorXd base = fit_base(rows).predict_ns(rows.terms);
    const auto found = forecast(fit_of(*fit.forms[k], rows), rows);
    for (Eigen::Index i = 0; i < rows.size(); ++i) {
      const double expected = base[i] * std::exp(fit.residuals[k][i]);
      EXPECT_NEAR(found[std::size_t(i)].latency_ns / expected, 1.0, 1e-5) << k << " " << i;
    }
  }
}

TEST_F(Neural, CoreEvaluatesWhatLibTorchPredicts) {
  const auto data = make_data(20);
  for (const bool shared : {true, false}) {
    for (const bool embedding : {true, false}) {
      for (const bool auxiliary : {true, false}) {
        MednOptions options = quick();
        options.shared = shared;
        options.embedding = embedding;
        options.auxiliary = auxiliary;
        const auto fit = fit_medn(data->classes, options);
        ASSERT_TRUE(fit) << fit.error().context;
        expect_as_libtorch_says(*fit, *data);
      }
    }
  }
}

TEST_F(Neural, ClassesOfSeveralDevicesAreFurtherTasks) {
  const auto one = make_data(20, 1), other = make_data(10, 2);
  std::vector<JointClass> both = one->classes;
  both.insert(both.end(), other->classes.begin(), other->classes.end());
  Data all{{}, one->rows, both};
  all.rows.insert(all.rows.end(), other->rows.begin(), other->rows.end());
  const auto fit = fit_medn(both, quick());
  ASSERT_TRUE(fit) << fit.error().context;
  ASSERT_EQ(fit->forms.size(), both.size());
  expect_as_libtorch_says(*fit, all);
}

const FormNode& network_of(const MednFit& fit, std::size_t k) {
  for (const FormNode& node : *fit.forms[k]) {
    if (node.kind == FormKind::dense) return node;
  }
  ADD_FAILURE() << "no network in the form";
  return fit.forms[k]->front();
}

TEST_F(Neural, ClassesHaveOneTrunk) {
  const auto data = make_data(10);
  const auto fit = fit_medn(data->classes, quick());
  ASSERT_TRUE(fit);
  ASSERT_NE(network_of(*fit, 0).shared, nullptr);
  for (std::size_t k = 1; k < data->rows.size(); ++k) {
    EXPECT_EQ(network_of(*fit, k).shared.get(), network_of(*fit, 0).shared.get());
    EXPECT_LT(network_of(*fit, k).floats.size(), 500U);
  }
  MednOptions own = quick();
  own.shared = false;
  const auto separate = fit_medn(data->classes, own);
  ASSERT_TRUE(separate);
  EXPECT_EQ(network_of(*separate, 0).shared, nullptr);
}

TEST_F(Neural, IsTheSameForTheSameSeedAlsoInTwoThreads) {
  const auto data = make_data(12);
  std::vector<Result<MednFit>> fits(3, fail(Errc::unsupported, ""));
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < 2; ++i) threads.emplace_back([&, i] { fits[i] = fit_medn(data->classes, quick()); });
  threads.clear();
  fits[2] = fit_medn(data->classes, quick());
  MednOptions other_seed = quick();
  other_seed.seed = 2;
  const auto other = fit_medn(data->classes, other_seed);
  ASSERT_TRUE(fits[0] && fits[1] && fits[2] && other);
  for (std::size_t k = 0; k < data->rows.size(); ++k) {
    for (const std::size_t i : {0, 1}) {
      EXPECT_EQ(network_of(*fits[i], k).floats, network_of(*fits[2], k).floats);
      EXPECT_EQ(*network_of(*fits[i], k).shared, *network_of(*fits[2], k).shared);
    }
    EXPECT_NE(network_of(*other, k).floats, network_of(*fits[2], k).floats);
  }
}

TEST_F(Neural, BeatsTheBaseOnNetworksItHasNotSeen) {
  const auto data = make_data(80, 1), other = make_data(30, 2);
  const auto fit = fit_medn(data->classes, quick(30));
  ASSERT_TRUE(fit);
  double base = 0, network = 0;
  for (std::size_t k = 0; k < data->rows.size(); ++k) {
    base +=
        weighted_error(forecast(fit_of(fit_base(data->rows[k]).form(), data->rows[k]), other->rows[k]), other->rows[k]);
    network += weighted_error(forecast(fit_of(*fit->forms[k], data->rows[k]), other->rows[k]), other->rows[k]);
  }
  EXPECT_LT(network, 0.8 * base);
}

TEST_F(Neural, SurvivesConstantFeaturesFewSamplesAndEmptyClasses) {
  const auto data = make_data(12);
  data->rows[0].logs.setOnes();
  data->rows[1] = take(data->rows[1], std::vector<Eigen::Index>{0, 1, 2});
  data->rows[2] = take(data->rows[2], std::vector<Eigen::Index>{0, 1});
  data->rows[3] = take(data->rows[3], std::vector<Eigen::Index>{});
  const auto fit = fit_medn(data->classes, quick());
  ASSERT_TRUE(fit) << fit.error().context;
  for (const std::size_t k : {0, 1}) {
    ASSERT_TRUE(fit->forms[k]);
    for (const auto& one : forecast(fit_of(*fit->forms[k], data->rows[k]), data->rows[k])) {
      EXPECT_TRUE(std::isfinite(one.latency_ns));
    }
  }
  for (const std::size_t k : {2, 3}) {
    ASSERT_FALSE(fit->forms[k]);
    EXPECT_EQ(fit->forms[k].error().code, Errc::unsupported);
    EXPECT_EQ(fit->forms[k].error().context, "too few samples");
  }
  EXPECT_FALSE(fit_medn(std::span(data->classes).subspan(2), quick()));
  EXPECT_FALSE(fit_medn({}, quick()));
}

TEST_F(Neural, OneClassIsEnough) {
  const auto data = make_data(12);
  const auto fit = fit_medn(std::span(data->classes).first(1), quick());
  ASSERT_TRUE(fit);
  EXPECT_TRUE(fit->forms[0]);
}

TEST_F(Neural, ThePerceptronLearnsLogLatencyAndCoreEvaluatesIt) {
  const auto data = make_data(60, 1), other = make_data(20, 2);
  const Rows &rows = data->rows[0], &unseen = other->rows[0];
  const Eigen::VectorXd target = rows.latency_ns.array().log();
  const auto model = fit_mlp({rows.logs, target, rows.weight, rows.group, 1, Effort::fold, nullptr});
  ASSERT_TRUE(model) << model.error().context;
  KernelFit fit = fit_of(product_form(constant_form(1.0), (*model)->form()), rows);
  std::ranges::fill(fit.low, 0.0);
  std::ranges::fill(fit.high, 100.0);
  const auto found = forecast(fit, unseen);
  const Eigen::VectorXd expected = (*model)->predict(unseen.logs).array().exp();
  for (Eigen::Index i = 0; i < unseen.size(); ++i) {
    EXPECT_NEAR(found[std::size_t(i)].latency_ns / expected[i], 1.0, 1e-5);
  }
  EXPECT_LT(weighted_error(found, unseen), 0.1);
}

/// The environment variable, put back afterwards.
class WithPlugin {
 public:
  explicit WithPlugin(const char* path) {
    if (const char* old = std::getenv("LATCAST_NEURAL")) old_ = old;
    setenv("LATCAST_NEURAL", path, 1);
  }
  ~WithPlugin() { old_.empty() ? unsetenv("LATCAST_NEURAL") : setenv("LATCAST_NEURAL", old_.c_str(), 1); }

 private:
  std::string old_;
};

TEST(NeuralPlugin, AMissingOneIsSaidWithTheReason) {
  const auto data = make_data(5);
  for (const char* path : {"/nonexistent", "/dev/null"}) {
    const WithPlugin plugin(path);
    const auto fit = fit_medn(data->classes, quick());
    ASSERT_FALSE(fit);
    EXPECT_EQ(fit.error().code, Errc::unsupported);
    EXPECT_NE(fit.error().context.find(path), std::string::npos) << fit.error().context;
    const Rows& rows = data->rows[0];
    const auto model = fit_mlp({rows.logs, rows.latency_ns, rows.weight, rows.group, 1, Effort::fold, nullptr});
    EXPECT_EQ(model.error().code, Errc::unsupported);
  }
}

}  // namespace
}  // namespace latcast::learn
