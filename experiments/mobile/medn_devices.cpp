// The network of all kernel classes by itself, with one device or several.
#include <algorithm>
#include <cmath>

#include "experiments/mobile/protocol.h"
#include "learn/models/prepared.h"
#include "learn/study/study.h"

namespace latcast::experiments {
using namespace learn;

namespace {

/// Of all modules by the joint model, or by the base in classes where that is better in every respect. Modules without
/// a forecast do not count.
double joint_mape(const PreparedSet& prepared, const Study& study) {
  double sum = 0, count = 0;
  for (std::size_t k = 0; k < prepared.kernels.size(); ++k) {
    const auto& candidates = study.classes[k].candidates;
    if (candidates.empty()) continue;
    const auto joint =
        std::ranges::find_if(candidates, [](const Candidate& one) { return one.joint && !one.out_of_fold.empty(); });
    const auto& forecasts = (joint == candidates.end() ? candidates.front() : *joint).out_of_fold;
    for (std::size_t i = 0; i < forecasts.size(); ++i) {
      if (!(forecasts[i].latency_ns > 0)) continue;
      sum +=
          std::abs(forecasts[i].latency_ns / prepared.kernels[k].rows.latency_ns[static_cast<Eigen::Index>(i)] - 1.0);
      count += 1;
    }
  }
  return count > 0 ? sum / count : std::nan("");
}

struct Device {
  const MobileTarget* target = nullptr;
  TrainingSet set;
  PreparedSet prepared;
};

Result<std::vector<Device>> gpus(const Case& one) {
  std::vector<Device> out;
  for (const Phone& phone : phones()) {
    const MobileTarget* target =
        phone.mobile_gpu ? one.tables.find("tflite", phone.name, "gpu", one.protocol.precision) : nullptr;
    if (target == nullptr) continue;
    TrainingSet set = make_training_set(target->networks, one.tables.catalogue);
    auto prepared = prepare(set);
    if (!prepared) return tl::unexpected(prepared.error());
    out.push_back({target, std::move(set), std::move(*prepared)});
  }
  return out;
}

Result<void> study(const Case& one, std::span<const Device> devices, Outcome& out) {
  StudyOptions options = mobile_training(one, true).study;
  options.models = {"medn"};
  options.families = false;
  options.folds = kMobileFolds;
  std::vector<Subject> subjects;
  for (const Device& device : devices) subjects.push_back({device.set, device.prepared});
  const auto studies = make_studies(subjects, options);
  if (!studies) return tl::unexpected(studies.error());
  for (std::size_t d = 0; d < devices.size(); ++d) {
    const double error = joint_mape(devices[d].prepared, (*studies)[d]);
    out.figures.push_back({std::string(one.protocol.name), devices[d].target->name, std::string(kOurs), error, 0,
                           devices[d].set.networks.size()});
  }
  return {};
}

}  // namespace

Result<Outcome> medn_alone(const Case& one) {
  const auto devices = gpus(one);
  if (!devices) return tl::unexpected(devices.error());
  Outcome out;
  for (const Device& device : *devices) {
    if (auto ok = study(one, {&device, 1}, out); !ok) return tl::unexpected(ok.error());
  }
  return out;
}

Result<Outcome> medn_together(const Case& one) {
  const auto devices = gpus(one);
  if (!devices) return tl::unexpected(devices.error());
  Outcome out;
  if (auto ok = study(one, *devices, out); !ok) return tl::unexpected(ok.error());
  return out;
}

}  // namespace latcast::experiments
