// Successive halving: which setting, from which rows.
#include "learn/models/halving.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace latcast::learn {
namespace {

/// Forecasts first feature x slope.
class Slope final : public LogModel {
 public:
  explicit Slope(double slope) : slope_(slope) {}
  Eigen::VectorXd predict(const RowMatrix& features) const override { return slope_ * features.col(0); }
  FormSpec form() const override { return constant_form(slope_); }

 private:
  double slope_;
};

/// `groups` networks of ten samples each, target = 3 x feature; the feature tells rows apart.
struct Data {
  RowMatrix features;
  Eigen::VectorXd target, weight;
  std::vector<int> group;

  explicit Data(int groups) : features(10 * groups, 1), target(10 * groups), weight(10 * groups) {
    for (Eigen::Index i = 0; i < features.rows(); ++i) {
      features(i, 0) = 0.01 * static_cast<double>(i + 1);
      group.push_back(static_cast<int>(i) / 10);
    }
    target = 3 * features.col(0);
    weight.setOnes();
  }
  [[nodiscard]] LogProblem problem(Eigen::VectorXd* warm = nullptr, std::uint64_t seed = 1) const {
    return {features, target, weight, group, seed, Effort::fold, warm};
  }
};

Result<LogModelPtr> fit_slope(const LogProblem&, std::size_t setting) {
  return std::make_shared<const Slope>(static_cast<double>(setting));
}

TEST(Halving, PicksTheEvidentlyBestSetting) {
  for (const int groups : {6, 20, 300}) {
    for (const std::size_t settings : {4, 6, 9, 20}) {
      EXPECT_EQ(choose_setting(settings, 0, fit_slope, Data(groups).problem()), 3U) << groups << " " << settings;
    }
  }
}

TEST(Halving, ASettingThatCannotBeFittedLoses) {
  const FitSetting fit = [](const LogProblem&, std::size_t setting) -> Result<LogModelPtr> {
    if (setting == 3) return fail(Errc::unstable, "not today");
    return std::make_shared<const Slope>(setting == 5 ? std::nan("") : static_cast<double>(setting));
  };
  EXPECT_EQ(choose_setting(6, 5, fit, Data(20).problem()), 2U);
}

TEST(Halving, LearnsAndJudgesOnDifferentNetworks) {
  const Data data(30);
  std::set<int> learnt;
  std::size_t rows = 0, fits = 0;
  const FitSetting fit = [&](const LogProblem& part, std::size_t setting) {
    learnt.insert(part.group.begin(), part.group.end());
    EXPECT_EQ(part.features.rows(), static_cast<Eigen::Index>(part.group.size()));
    EXPECT_TRUE(part.warm == nullptr);
    rows += part.group.size();
    ++fits;
    return fit_slope(part, setting);
  };
  static_cast<void>(choose_setting(9, 0, fit, data.problem()));
  EXPECT_EQ(learnt.size(), 20U);  // a third of the networks was never learnt from
  EXPECT_EQ(fits, 12U);           // nine settings, then the better three
  EXPECT_LE(rows, 9U * 70U + 3U * 200U);
}

TEST(Halving, IsTheSameForTheSameSeed) {
  const FitSetting fit = [](const LogProblem& part, std::size_t setting) -> Result<LogModelPtr> {
    // Depends on the rows that it gets, so that another choice of rows shows.
    return std::make_shared<const Slope>(2.5 + std::fmod(part.features.sum() * static_cast<double>(setting + 1), 1.0));
  };
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const Data data(40);
    EXPECT_EQ(choose_setting(9, 0, fit, data.problem(nullptr, seed)),
              choose_setting(9, 0, fit, data.problem(nullptr, seed)));
  }
}

TEST(Halving, KeepsWhatWasFoundForTheNextFit) {
  Eigen::VectorXd warm;
  EXPECT_EQ(choose_setting(9, 0, fit_slope, Data(20).problem(&warm)), 3U);
  const FitSetting never = [](const LogProblem&, std::size_t) -> Result<LogModelPtr> {
    ADD_FAILURE() << "searched again";
    return fail(Errc::unstable, "");
  };
  EXPECT_EQ(choose_setting(9, 0, never, Data(20).problem(&warm)), 3U);
  EXPECT_EQ(choose_setting(2, 0, never, Data(20).problem(&warm)), 1U);  // found for another list
}

TEST(Halving, SmallSetsGetTheUsualSetting) {
  Eigen::VectorXd warm;
  EXPECT_EQ(choose_setting(9, 7, fit_slope, Data(5).problem(&warm)), 7U);  // 50 rows
  Data few(20);
  for (int& group : few.group) group %= 3;
  EXPECT_EQ(choose_setting(9, 7, fit_slope, few.problem(&warm)), 7U);
  EXPECT_EQ(warm.size(), 0);
}

}  // namespace
}  // namespace latcast::learn
