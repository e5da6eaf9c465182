// What a training found, as values.
#pragma once

#include "learn/data/source.h"
#include "learn/models/prepared.h"
#include "learn/study/study.h"
#include "learn/train.h"
#include "session/training.h"

namespace latcast::session {

/// Everything but the costs of forecasts and the seconds that the training took.
[[nodiscard]] TrainingReport report_on(const learn::MeasurementReport& data, const learn::Study& study,
                                       const learn::PreparedSet& prepared, const learn::Assembled& assembled);

}  // namespace latcast::session
