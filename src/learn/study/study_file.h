// A study kept in a file, so that another selection takes seconds instead of a training.
#pragma once

#include <cstdint>
#include <filesystem>

#include "latcast/result.h"
#include "learn/data/training_set.h"
#include "learn/study/study.h"

namespace latcast::learn {

/// Of what a study depends on, but for the models that were asked to compete: measurements as learners see them,
/// options, and this version's models.
[[nodiscard]] std::uint64_t study_fingerprint(const TrainingSet& set, const StudyOptions& options);

/// Through a temporary file and a rename. Errc::io.
[[nodiscard]] Result<void> write_study(const Study& study, std::uint64_t fingerprint,
                                       const std::filesystem::path& path);

/// Errc::not_found: no such file; Errc::mismatch: of other measurements, options or models; Errc::corrupt.
[[nodiscard]] Result<Study> read_study(const std::filesystem::path& path, std::uint64_t fingerprint);

}  // namespace latcast::learn
