#include "session/training_report.h"

#include <map>

#include "learn/study/race.h"

namespace latcast::session {
namespace {

constexpr double kWildFactor = 5;

std::size_t count_outliers(const learn::Candidate& chosen, const learn::Rows& rows) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < chosen.out_of_fold.size(); ++i) {
    const double ratio = chosen.out_of_fold[i].latency_ns / rows.latency_ns[static_cast<Eigen::Index>(i)];
    if (ratio > 0 && (ratio > kWildFactor || ratio < 1 / kWildFactor)) ++out;
  }
  return out;
}

}  // namespace

TrainingReport report_on(const learn::MeasurementReport& data, const learn::Study& study,
                         const learn::PreparedSet& prepared, const learn::Assembled& assembled) {
  TrainingReport out;
  out.data = data;
  out.choice = assembled.choice;
  out.front = assembled.front;
  out.repeated = prepared.repeated;
  out.dropped = prepared.dropped;
  out.left_out = study.notes;
  out.model_cpu_s = study.race_cost_s + study.fit_cost_s;
  std::map<std::string, std::size_t> chosen;
  for (std::size_t k = 0; k < study.classes.size(); ++k) {
    if (assembled.choice.candidate[k] < 0) continue;
    const learn::Candidate& one = study.classes[k].candidates[static_cast<std::size_t>(assembled.choice.candidate[k])];
    const learn::PreparedKernel& kernel = prepared.kernels[k];
    ++chosen[one.score.name];
    out.outliers += count_outliers(one, kernel.rows);
    if (!learn::too_few(kernel.rows)) continue;
    out.scarce.push_back({kernel.type_name + "/" + kernel.kernel_name, static_cast<std::size_t>(kernel.rows.size())});
  }
  for (const auto& [name, classes] : chosen) out.models.push_back({name, classes});
  return out;
}

}  // namespace latcast::session
