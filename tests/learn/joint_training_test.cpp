// Several devices' measurements studied together.
#include "learn/joint/joint_training.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "learn/data/folds.h"
#include "learn/neural/library.h"
#include "learn/study/study.h"
#include "learn/synthetic.h"
#include "must.h"

namespace latcast::learn {
namespace {

/// Sets and what they are prepared to, in place.
struct Devices {
  std::vector<std::unique_ptr<TrainingSet>> sets;
  std::vector<std::unique_ptr<PreparedSet>> prepared;

  void add(TrainingSet set) {
    sets.push_back(std::make_unique<TrainingSet>(std::move(set)));
    prepared.push_back(std::make_unique<PreparedSet>(latcast::test::must(prepare(*sets.back()))));
  }
  [[nodiscard]] std::vector<Subject> subjects() const {
    std::vector<Subject> out;
    for (std::size_t i = 0; i < sets.size(); ++i) out.push_back({*sets[i], *prepared[i]});
    return out;
  }
};

test::SyntheticOptions world(int networks, std::uint64_t seed = 1) {
  test::SyntheticOptions out;
  out.types = 1;
  out.networks = networks;
  out.modules = 20;
  out.seed = seed;
  return out;
}

/// The staircase of synthetic.h on another device: other speeds, the same steps.
double other_device(const test::Work& work, int kernel) { return 3.0 * test::staircase_law(work, kernel) + 2000.0; }

TrainingSet make_device(test::SyntheticOptions options, test::Law law = test::staircase_law) {
  options.law = std::move(law);
  return test::make_set(test::make_types(options.types, options.kernels), options);
}

std::map<std::string, int> parts_by_name(const Subject& subject, const std::vector<int>& parts) {
  std::map<std::string, int> out;
  for (std::size_t n = 0; n < parts.size(); ++n) out[subject.set.networks[n].name] = parts[n];
  return out;
}

TEST(Division, ANetworkIsInTheSamePartOnEveryDevice) {
  Devices devices;
  devices.add(make_device(world(30)));
  devices.add(make_device(world(18), other_device));
  std::ranges::reverse(devices.sets.back()->networks);  // known by name, not by place
  const auto subjects = devices.subjects();
  for (const Division& division : {divide_by_network(subjects, 4, 1), divide_by_family(subjects, 3)}) {
    ASSERT_EQ(division.part_of_network.size(), 2U);
    const auto first = parts_by_name(subjects[0], division.part_of_network[0]);
    const auto second = parts_by_name(subjects[1], division.part_of_network[1]);
    EXPECT_EQ(second.size(), 18U);
    for (const auto& [name, part] : second) EXPECT_EQ(first.at(name), part) << name;
  }
}

TEST(Division, AFamilyIsInOnePart) {
  Devices devices;
  devices.add(make_device(world(30)));
  const Division division = divide_by_family(devices.subjects(), 3);
  EXPECT_EQ(division.parts, 3);
  std::map<std::string, int> part_of_family;
  for (std::size_t n = 0; n < 30; ++n) {
    const int part = division.part_of_network[0][n];
    const auto known = part_of_family.emplace(devices.sets[0]->networks[n].family, part).first;
    EXPECT_EQ(known->second, part);
  }
}

TEST(JointStudies, OneDeviceIsStudiedAsEver) {
  Devices devices;
  devices.add(make_device(world(25)));
  StudyOptions options;
  options.models = {"base_ridge"};
  const Study one = latcast::test::must(make_study(*devices.sets[0], *devices.prepared[0], options));
  const std::vector<Study> all = latcast::test::must(make_studies(devices.subjects(), options));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].fold_of_network, one.fold_of_network);
  EXPECT_EQ(all[0].fold_of_network, network_folds(*devices.prepared[0], options.folds, derive_seed(1, "folds")));
  ASSERT_EQ(all[0].classes.size(), one.classes.size());
  for (std::size_t k = 0; k < one.classes.size(); ++k) {
    ASSERT_EQ(all[0].classes[k].candidates.size(), one.classes[k].candidates.size());
    EXPECT_EQ(all[0].classes[k].candidates[0].score.error, one.classes[k].candidates[0].score.error);
  }
}

const Candidate* joint_candidate(const ClassStudy& one) {
  const auto found = std::ranges::find_if(one.candidates, [](const Candidate& c) { return c.joint; });
  return found == one.candidates.end() ? nullptr : &*found;
}

TEST(JointStudies, DevicesTeachEachOther) {
  if (auto ok = neural_available(); !ok) GTEST_SKIP() << ok.error().context;
  Devices devices;
  test::SyntheticOptions many = world(60), few = world(12);
  few.modules = 8;
  many.module_noise = few.module_noise = 0.0;
  devices.add(make_device(many));
  devices.add(make_device(few, other_device));
  StudyOptions options;
  options.models = {"medn"};
  options.families = false;
  options.exhaustive = true;
  const std::vector<Study> together = latcast::test::must(make_studies(devices.subjects(), options));
  ASSERT_EQ(together.size(), 2U);
  for (std::size_t device = 0; device < 2; ++device) {
    for (std::size_t k = 0; k < together[device].classes.size(); ++k) {
      const ClassStudy& one = together[device].classes[k];
      const Candidate* joint = joint_candidate(one);
      ASSERT_NE(joint, nullptr);
      EXPECT_TRUE(joint->fit.has_value());
      EXPECT_EQ(joint->out_of_fold.size(), std::size_t(devices.prepared[device]->kernels[k].rows.size()));
      EXPECT_LT(joint->score.error, one.candidates.front().score.error) << device << " " << k;  // the base's
    }
  }
}

TEST(JointStudies, CanBeStopped) {
  Devices devices;
  devices.add(make_device(world(15)));
  StudyOptions options;
  options.models = {"base_gp", "medn"};
  int asked = 0;
  options.threads = 1;
  options.stop = [&asked] { return ++asked > 5; };
  const auto study = make_studies(devices.subjects(), options);
  ASSERT_FALSE(study);
  EXPECT_EQ(study.error().code, Errc::interrupted);
}

TEST(JointStudies, ADeviceMayLackAClass) {
  if (auto ok = neural_available(); !ok) GTEST_SKIP() << ok.error().context;
  Devices devices;
  devices.add(make_device(world(15)));
  test::SyntheticOptions less = world(15);
  less.kernels = 1;
  devices.add(make_device(less, other_device));
  StudyOptions options;
  options.models = {"medn"};
  const std::vector<Study> studies = latcast::test::must(make_studies(devices.subjects(), options));
  ASSERT_EQ(studies.size(), 2U);
  ASSERT_EQ(studies[1].classes.size(), 1U);
  const Candidate* joint = joint_candidate(studies[1].classes[0]);
  ASSERT_NE(joint, nullptr);
  EXPECT_TRUE(joint->fit.has_value());
  EXPECT_FALSE(joint->family_out.empty());
}

}  // namespace
}  // namespace latcast::learn
