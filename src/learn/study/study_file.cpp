#include "learn/study/study_file.h"

#include <flatbuffers/flatbuffers.h>

#include <cstring>
#include <map>
#include <span>

#include "core/mapped_file.h"
#include "core/output_file.h"
#include "core/pack_seal.h"
#include "learn/joint/joint_model.h"
#include "learn/models/regression_model.h"
#include "study_generated.h"

namespace latcast::learn {
namespace {

/// Raised when the content's meaning changes without the schema showing it.
constexpr std::uint64_t kStudyFormat = 2;

class Hash {
 public:
  void add(std::span<const std::uint8_t> bytes) {
    state_ = state_ * 0x9e3779b97f4a7c15ULL + detail::content_hash(bytes);
  }
  void add(std::string_view text) { add(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size())); }
  template <class T>
  void add_values(const T* values, std::size_t count) {
    add(std::span(reinterpret_cast<const std::uint8_t*>(values), count * sizeof(T)));
  }
  template <class Matrix>
  void add_matrix(const Matrix& values) {
    add_values(values.data(), static_cast<std::size_t>(values.size()));
  }
  [[nodiscard]] std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = kStudyFormat;
};

// ---- To the file

using SharedIndex = std::map<const std::vector<float>*, std::uint32_t>;

std::vector<std::unique_ptr<study_fb::NodeT>> pack_form(const FormSpec& form, SharedIndex& shared) {
  std::vector<std::unique_ptr<study_fb::NodeT>> out;
  for (const FormNode& node : form) {
    auto& one = *out.emplace_back(std::make_unique<study_fb::NodeT>());
    one.kind = static_cast<std::uint16_t>(node.kind);
    one.children = node.children;
    one.doubles = node.doubles;
    one.floats = node.floats;
    one.ints = node.ints;
    if (node.shared) {
      const auto next = static_cast<std::uint32_t>(shared.size() + 1);
      one.shared = shared.emplace(node.shared.get(), next).first->second;
    }
  }
  return out;
}

std::unique_ptr<study_fb::ScoreT> pack_score(const CandidateScore& score) {
  auto out = std::make_unique<study_fb::ScoreT>();
  out->name = score.name;
  out->error = score.error;
  out->bytes = score.bytes;
  out->latency_ns = score.latency_ns;
  out->note = score.note;
  out->bias = score.bias;
  out->cost_s = score.cost_s;
  out->samples_seen = score.samples_seen;
  out->r2 = score.r2;
  out->within5 = score.within5;
  out->within10 = score.within10;
  out->median_log = score.median_log;
  out->front = score.front;
  return out;
}

std::unique_ptr<study_fb::ForecastsT> pack_forecasts(const std::vector<KernelEstimate>& estimates) {
  auto out = std::make_unique<study_fb::ForecastsT>();
  for (const KernelEstimate& one : estimates) {
    out->latency_ns.push_back(static_cast<float>(one.latency_ns));
    out->extrapolated.push_back(one.extrapolated ? 1 : 0);
  }
  return out;
}

std::unique_ptr<study_fb::CandidateT> pack_candidate(const Candidate& candidate, SharedIndex& shared) {
  auto out = std::make_unique<study_fb::CandidateT>();
  out->score = pack_score(candidate.score);
  out->joint = candidate.joint;
  out->out_of_fold = pack_forecasts(candidate.out_of_fold);
  out->family_out = pack_forecasts(candidate.family_out);
  if (candidate.fit) {
    out->fit = std::make_unique<study_fb::FitT>();
    out->fit->form = pack_form(candidate.fit->form, shared);
    out->fit->extrapolation = pack_form(candidate.fit->extrapolation, shared);
    out->fit->low = candidate.fit->low;
    out->fit->high = candidate.fit->high;
    out->fit->samples = candidate.fit->samples;
  }
  return out;
}

study_fb::StudyT pack_study(const Study& study, std::uint64_t fingerprint) {
  study_fb::StudyT out;
  SharedIndex shared;
  out.fingerprint = fingerprint;
  out.seed = study.seed;
  for (const ClassStudy& one : study.classes) {
    auto& packed = *out.classes.emplace_back(std::make_unique<study_fb::KernelClassT>());
    for (const Candidate& candidate : one.candidates) packed.candidates.push_back(pack_candidate(candidate, shared));
  }
  out.shared.resize(shared.size());
  for (const auto& [numbers, index] : shared) {
    out.shared[index - 1] = std::make_unique<study_fb::NumbersT>();
    out.shared[index - 1]->floats = *numbers;
  }
  out.fold_of_network = study.fold_of_network;
  out.group_of_network = study.group_of_network;
  out.race_cost_s = study.race_cost_s;
  out.fit_cost_s = study.fit_cost_s;
  out.shared_bytes = study.shared_bytes;
  out.notes = study.notes;
  return out;
}

// ---- From the file

using Shared = std::vector<std::shared_ptr<const std::vector<float>>>;

FormSpec unpack_form(std::vector<std::unique_ptr<study_fb::NodeT>>& nodes, const Shared& shared) {
  FormSpec out;
  for (auto& node : nodes) {
    FormNode one;
    one.kind = static_cast<FormKind>(node->kind);
    one.children = std::move(node->children);
    one.doubles = std::move(node->doubles);
    one.floats = std::move(node->floats);
    one.ints = std::move(node->ints);
    if (node->shared > 0 && node->shared <= shared.size()) one.shared = shared[node->shared - 1];
    out.push_back(std::move(one));
  }
  return out;
}

CandidateScore unpack_score(const study_fb::ScoreT& score) {
  return {.name = score.name,
          .error = score.error,
          .bytes = score.bytes,
          .latency_ns = score.latency_ns,
          .note = score.note,
          .bias = score.bias,
          .cost_s = score.cost_s,
          .samples_seen = score.samples_seen,
          .r2 = score.r2,
          .within5 = score.within5,
          .within10 = score.within10,
          .median_log = score.median_log,
          .front = score.front};
}

std::vector<KernelEstimate> unpack_forecasts(const study_fb::ForecastsT* forecasts) {
  std::vector<KernelEstimate> out;
  if (forecasts == nullptr) return out;
  for (std::size_t i = 0; i < forecasts->latency_ns.size(); ++i) {
    out.push_back({static_cast<double>(forecasts->latency_ns[i]), forecasts->extrapolated[i] != 0});
  }
  return out;
}

Candidate unpack_candidate(study_fb::CandidateT& candidate, const Shared& shared) {
  Candidate out;
  if (candidate.score) out.score = unpack_score(*candidate.score);
  out.joint = candidate.joint;
  out.out_of_fold = unpack_forecasts(candidate.out_of_fold.get());
  out.family_out = unpack_forecasts(candidate.family_out.get());
  if (candidate.fit) {
    KernelFit fit;
    fit.model = out.score.name;
    fit.form = unpack_form(candidate.fit->form, shared);
    fit.extrapolation = unpack_form(candidate.fit->extrapolation, shared);
    fit.low = std::move(candidate.fit->low);
    fit.high = std::move(candidate.fit->high);
    fit.samples = candidate.fit->samples;
    out.fit = std::move(fit);
  }
  return out;
}

Study unpack_study(study_fb::StudyT& file) {
  Study out;
  out.seed = file.seed;
  Shared shared;
  for (auto& numbers : file.shared)
    shared.push_back(std::make_shared<const std::vector<float>>(std::move(numbers->floats)));
  for (auto& one : file.classes) {
    ClassStudy& unpacked = out.classes.emplace_back();
    for (auto& candidate : one->candidates) unpacked.candidates.push_back(unpack_candidate(*candidate, shared));
  }
  out.fold_of_network = std::move(file.fold_of_network);
  out.group_of_network = std::move(file.group_of_network);
  out.race_cost_s = file.race_cost_s;
  out.fit_cost_s = file.fit_cost_s;
  out.shared_bytes = file.shared_bytes;
  out.notes = std::move(file.notes);
  return out;
}

/// The file: checksum of the rest, then the buffer.
using Checksum = std::uint64_t;

}  // namespace

std::uint64_t study_fingerprint(const TrainingSet& set, const StudyOptions& options) {
  Hash hash;
  for (const RegressionModel& model : regression_models()) hash.add(model.name);
  for (const JointModel& model : joint_models()) hash.add(model.name);
  const std::uint64_t numbers[] = {options.seed, std::uint64_t(options.folds), std::uint64_t(options.family_groups),
                                   options.exhaustive ? 1U : 0U, options.families ? 1U : 0U};
  hash.add_values(numbers, std::size(numbers));
  for (const KernelSamples& kernel : set.kernels) {
    hash.add(kernel.type_name);
    hash.add(kernel.kernel_name);
    for (const std::string& name : kernel.term_names) hash.add(name);
    for (const std::string& name : kernel.feature_names) hash.add(name);
    hash.add_matrix(kernel.terms);
    hash.add_matrix(kernel.features);
    hash.add_matrix(kernel.latency_ns);
    hash.add_matrix(kernel.weight);
    hash.add_values(kernel.network.data(), kernel.network.size());
  }
  for (const NetworkTruth& network : set.networks) {
    hash.add(network.family);
    hash.add_values(&network.quiet_ns, 1);
  }
  return hash.value();
}

Result<void> write_study(const Study& study, std::uint64_t fingerprint, const std::filesystem::path& path) {
  const study_fb::StudyT packed = pack_study(study, fingerprint);
  flatbuffers::FlatBufferBuilder builder(1 << 20);
  builder.Finish(study_fb::Study::Pack(builder, &packed), study_fb::StudyIdentifier());
  const std::span<const std::uint8_t> content(builder.GetBufferPointer(), builder.GetSize());
  const Checksum checksum = detail::content_hash(content);
  std::vector<std::byte> bytes(sizeof(checksum) + content.size());
  std::memcpy(bytes.data(), &checksum, sizeof(checksum));
  std::memcpy(bytes.data() + sizeof(checksum), content.data(), content.size());
  return write_file(path, bytes);
}

Result<Study> read_study(const std::filesystem::path& path, std::uint64_t fingerprint) {
  const auto mapped = detail::MappedFile::open(path);
  if (!mapped && mapped.error().code == Errc::not_found)
    return fail(Errc::not_found, path.string() + ": no trained models are kept there");
  if (!mapped) return tl::unexpected<Error>(mapped.error());
  const std::span<const std::uint8_t> bytes = mapped->bytes();
  Checksum checksum = 0;
  const tl::unexpected<Error> corrupt = fail(Errc::corrupt, path.string() + ": damaged");
  if (bytes.size() <= sizeof(checksum)) return corrupt;
  std::memcpy(&checksum, bytes.data(), sizeof(checksum));
  // Copied out, so that the buffer is aligned as a fresh one.
  const std::vector<std::uint8_t> content(bytes.begin() + sizeof(checksum), bytes.end());
  if (checksum != detail::content_hash(content)) return corrupt;
  flatbuffers::Verifier verifier(content.data(), content.size(), 64, 100'000'000);
  if (!study_fb::VerifyStudyBuffer(verifier)) return corrupt;
  const auto* file = study_fb::GetStudy(content.data());
  if (file->fingerprint() != fingerprint) {
    return fail(Errc::mismatch, path.string() + ": of other measurements, models or options");
  }
  study_fb::StudyT unpacked;
  file->UnPackTo(&unpacked);
  return unpack_study(unpacked);
}

}  // namespace latcast::learn
