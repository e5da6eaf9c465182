// The whole content of a pack as plain values: what training makes, `inspect` shows and re-anchoring rewrites.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/expression.h"
#include "core/form.h"
#include "core/kernel_forecast.h"
#include "core/network_correction.h"
#include "latcast/pack_info.h"
#include "latcast/result.h"

namespace latcast {

struct NamedProgram {
  std::string name;  // as learners see it, or the derived value's name
  std::string text;  // the expression as written, for people
  Program program;
};

/// A regression model that competed; error is the weighted cross-validated relative error.
struct CandidateScore {
  std::string name;
  double error = 0, bytes = 0, latency_ns = 0;
  std::string note;   // why it could not be trained, when it could not
  double bias = 0;    // weighted mean log ratio
  double cost_s = 0;  // spent on training it
  std::uint32_t samples_seen = 0;
  double r2 = 0;                     // of log latency
  double within5 = 0, within10 = 0;  // share of samples forecast within 5 and 10 %
  double median_log = 0;             // median of |log ratio|
  bool front = false;                // no other candidate is at once better, faster and smaller
};

struct KernelModel {
  std::string name;
  Program when;                        // empty: always
  std::vector<NamedProgram> terms;     // base terms, each >= 0
  std::vector<NamedProgram> features;  // raw; models see log2(1 + x)
  std::vector<double> low, high;       // range of log2(1 + feature) in training
  std::uint32_t samples = 0;
  double error = 0, bias = 0;  // cross-validated, weighted: mean |ratio - 1|, mean log ratio
  double spread = 0;           // half-width of a module's interval in log latency, at the pack's level; 0: unknown
  double margin = kExtrapolationMargin;  // how far outside the range a feature may lie (log2)
  std::string model;                     // the chosen regression model
  std::vector<CandidateScore> candidates;
  FormSpec form;           // empty: nothing was measured, the physical fallback answers
  FormSpec extrapolation;  // used instead where a feature is out of range; empty: `form` with clamped features
  bool free = false;       // costs nothing, whatever the form: its time is in another module
};

struct TypeModel {
  std::string name;
  std::vector<std::string> parameters;
  std::vector<std::string> conditions = {};  // of PackInfo::conditions, read after the parameters
  std::vector<NamedProgram> derived;
  Program macs;  // empty: unknown
  std::vector<KernelModel> kernels;
};

/// A network that is measured again to re-anchor the pack.
struct ReferenceCarrier {
  std::string name;
  std::vector<std::uint8_t> onnx;  // skeleton
  double quiet_ns = 0;             // in the campaign
};

struct PackContent {
  PackInfo info;
  std::vector<TypeModel> types;
  std::vector<ReferenceCarrier> references;
  NetworkCorrection network;
};

/// The bytes of a pack file.
[[nodiscard]] std::vector<std::uint8_t> pack_bytes(const PackContent& content);

/// As write_file() does.
[[nodiscard]] Result<void> write_pack(const PackContent& content, const std::filesystem::path& path);

/// Reads everything back, big arrays included.
[[nodiscard]] Result<PackContent> read_pack_content(const std::filesystem::path& path);

}  // namespace latcast
