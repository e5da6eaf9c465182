#include "core/pack_decode.h"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "core/pack_check.h"
#include "core/pack_seal.h"
#include "pack_generated.h"

namespace latcast::detail {
namespace {

template <class T>
using Tables = flatbuffers::Vector<flatbuffers::Offset<T>>;
using Code = flatbuffers::Vector<const fb::Instruction*>;

std::string text(const flatbuffers::String* value) { return value == nullptr ? std::string() : value->str(); }

template <class T>
std::span<const T> array(const flatbuffers::Vector<T>* values) {
  if (values == nullptr) return {};
  return {reinterpret_cast<const T*>(values->Data()), values->size()};
}

/// By bytes: FlatBuffers' verifier leaves the alignment of 8-byte elements open.
template <class T>
std::vector<T> copy_bytes(const std::uint8_t* data, std::size_t count) {
  std::vector<T> out(count);
  if (count > 0) std::memcpy(out.data(), data, count * sizeof(T));
  return out;
}

std::vector<double> copy(const flatbuffers::Vector<double>* values) {
  return values == nullptr ? std::vector<double>() : copy_bytes<double>(values->Data(), values->size());
}

/// Calls read(table) for each table, collecting results; absent vectors are empty.
template <class T, class Read>
auto read_all(const Tables<T>* tables, Read read) {
  std::vector<decltype(read(*tables->Get(0)))> out;
  if (tables == nullptr) return out;
  out.reserve(tables->size());
  for (const T* table : *tables) out.push_back(read(*table));
  return out;
}

std::vector<std::string> read_texts(const Tables<flatbuffers::String>* texts) {
  return read_all(texts, [](const flatbuffers::String& value) { return value.str(); });
}

std::pair<std::string, double> read_number(const fb::NamedNumber& one) { return {text(one.name()), one.value()}; }

ConditionRange read_condition(const fb::Condition& one) {
  return {.name = text(one.name()),
          .unit = text(one.unit()),
          .low = one.low(),
          .high = one.high(),
          .usual = one.usual(),
          .values = read_all(one.values(), read_number)};
}

KeyValue read_pair(const fb::KeyValue& pair) { return {text(pair.key()), text(pair.value())}; }

static_assert(sizeof(Instruction) == sizeof(fb::Instruction) && std::is_trivially_copyable_v<Instruction>);
static_assert(offsetof(Instruction, slot) == 4 && offsetof(Instruction, value) == 8);

Program read_code(const Code* code) {
  return code == nullptr ? Program() : copy_bytes<Instruction>(code->Data(), code->size());
}

NamedProgram read_program(const fb::Program& program) {
  return {text(program.name()), text(program.text()), read_code(program.code())};
}

/// Reads forms, which may refer to numbers that the pack's forms share.
class FormReader {
 public:
  explicit FormReader(const fb::Pack& pack)
      : shared_(read_all(pack.shared(), [](const fb::SharedNumbers& one) { return array(one.floats()); })) {}

  FormView read(const Tables<fb::FormNode>* nodes) {
    return read_all(nodes, [this](const fb::FormNode& node) { return this->node(node); });
  }
  /// Whether a form referred to shared numbers that are not there.
  [[nodiscard]] bool missing() const { return missing_; }

 private:
  FormNodeView node(const fb::FormNode& node) {
    return {static_cast<FormKind>(node.kind()),
            array(node.children()),
            array(node.doubles()),
            array(node.floats()),
            array(node.ints()),
            shared(node.shared())};
  }

  std::span<const float> shared(std::uint32_t reference) {
    if (reference == 0) return {};
    if (reference <= shared_.size()) return shared_[reference - 1];
    missing_ = true;
    return {};
  }

  std::vector<std::span<const float>> shared_;
  bool missing_ = false;
};

Target read_target(const fb::Target* target) {
  if (target == nullptr) return {};
  const auto facts = read_all(target->facts(), read_number);
  return {.name = text(target->name()),
          .device = text(target->device()),
          .cpu_features = read_texts(target->cpu_features()),
          .engine = text(target->engine()),
          .engine_version = text(target->engine_version()),
          .conditions = read_all(target->conditions(), read_pair),
          .settings = read_all(target->settings(), read_pair),
          .facts = DeviceFacts(facts.begin(), facts.end())};
}

KernelModel read_kernel(const fb::Kernel& kernel) {
  KernelModel out;
  out.name = text(kernel.name());
  out.when = read_code(kernel.when());
  out.terms = read_all(kernel.terms(), read_program);
  out.features = read_all(kernel.features(), read_program);
  out.low = copy(kernel.low());
  out.high = copy(kernel.high());
  out.samples = kernel.samples();
  out.error = kernel.error();
  out.bias = kernel.bias();
  out.spread = kernel.spread();
  out.margin = kernel.margin();
  out.free = kernel.free();
  out.model = text(kernel.model());
  out.candidates = read_all(kernel.candidates(), [](const fb::Candidate& c) {
    return CandidateScore{text(c.name()), c.error(),      c.bytes(),        c.latency_ns(), text(c.note()),
                          c.bias(),       c.cost_s(),     c.samples_seen(), c.r2(),         c.within5(),
                          c.within10(),   c.median_log(), c.front()};
  });
  return out;
}

TypeModel read_type(const fb::ModuleType& type) {
  return {.name = text(type.name()),
          .parameters = read_texts(type.parameters()),
          .conditions = read_texts(type.conditions()),
          .derived = read_all(type.derived(), read_program),
          .macs = read_code(type.macs()),
          .kernels = read_all(type.kernels(), read_kernel)};
}

TrainingSummary read_training(const fb::Training* training) {
  if (training == nullptr) return {};
  return {.started_unix_s = training->started_unix_s(),
          .finished_unix_s = training->finished_unix_s(),
          .networks = training->networks(),
          .samples = training->samples(),
          .noise_floor = training->noise_floor(),
          .error = training->error(),
          .families = read_all(training->families(), [](const fb::Family& f) {
            return FamilyLoss{text(f.name()), f.networks(), f.error(), f.bias()};
          })};
}

CostFactors read_factors(const fb::CostFactors* factors) {
  if (factors == nullptr) return {};
  return {factors->lower(), factors->middle(), factors->most(), factors->upper()};
}

void read_models(const fb::Pack& pack, PackInfo& info) {
  if (const auto* f = pack.fallback()) {
    info.fallback = {.input_byte_ns = f->input_byte_ns(),
                     .output_byte_ns = f->output_byte_ns(),
                     .weight_byte_ns = f->weight_byte_ns(),
                     .mac_ns = f->mac_ns(),
                     .module_ns = f->module_ns(),
                     .counted = read_factors(f->counted()),
                     .bare = read_factors(f->bare())};
  }
  if (const auto* c = pack.calibration()) info.calibration = {c->scale(), c->module_ns(), c->run_ns()};
  if (const auto* i = pack.interval()) {
    info.interval = {i->level(),   i->quantile(), i->relative(),        i->small_ns(),        i->extrapolated(),
                     i->modules(), i->bias(),     i->module_fallback(), i->familiar_samples()};
  }
  if (const auto* a = pack.anchor()) {
    info.anchor = {a->scale(),         a->unix_s(), a->scatter(), a->carriers(), a->widening_per_sqrt_hour(),
                   a->widening_limit()};
  }
}

PackInfo read_info(const fb::Pack& pack) {
  PackInfo info;
  info.tool_version = text(pack.tool_version());
  info.created_unix_s = pack.created_unix_s();
  info.target = read_target(pack.target());
  info.conditions = read_all(pack.conditions(), read_condition);
  info.sources = read_all(pack.sources(), read_pair);
  read_models(pack, info);
  info.training = read_training(pack.training());
  info.extras = read_all(pack.extras(), read_pair);
  return info;
}

std::string_view text_view(const flatbuffers::String* value) {
  return value == nullptr ? std::string_view() : value->string_view();
}

std::span<const Instruction> code_view(const Code* code) {
  if (code == nullptr) return {};
  return {reinterpret_cast<const Instruction*>(code->Data()), code->size()};
}

ProgramView program_view(const fb::Program& program) { return {text_view(program.name()), code_view(program.code())}; }

KernelSource kernel_source(const fb::Kernel& kernel, FormReader& forms) {
  return {.name = text_view(kernel.name()),
          .when = code_view(kernel.when()),
          .terms = read_all(kernel.terms(), program_view),
          .features = read_all(kernel.features(), program_view),
          .low = array(kernel.low()),
          .high = array(kernel.high()),
          .samples = kernel.samples(),
          .spread = kernel.spread(),
          .margin = kernel.margin(),
          .form = forms.read(kernel.form()),
          .extrapolation = forms.read(kernel.extrapolation()),
          .free = kernel.free()};
}

/// Where they are among the pack's; one that is not there is past its end.
std::vector<std::uint16_t> places(const Tables<flatbuffers::String>* names, const std::vector<ConditionRange>& all) {
  return read_all(names, [&](const flatbuffers::String& name) {
    const auto found = std::ranges::find(all, name.string_view(), &ConditionRange::name);
    return static_cast<std::uint16_t>(found - all.begin());
  });
}

TypeSource type_source(const fb::ModuleType& type, FormReader& forms, const std::vector<ConditionRange>& conditions) {
  return {.parameters = type.parameters() == nullptr ? 0 : type.parameters()->size(),
          .conditions = places(type.conditions(), conditions),
          .derived = read_all(type.derived(), program_view),
          .macs = code_view(type.macs()),
          .kernels = read_all(type.kernels(), [&](const fb::Kernel& kernel) { return kernel_source(kernel, forms); })};
}

std::vector<ClassRef> read_shares(const fb::NetworkCorrection& network) {
  std::vector<ClassRef> out;
  if (network.shares() == nullptr) return out;
  for (const fb::ClassRef* share : *network.shares()) out.push_back({share->type(), share->kernel()});
  return out;
}

/// Tells the kernel classes of `types` which share they are.
Result<void> place_shares(std::span<const ClassRef> shares, std::vector<DecodedType>& types) {
  if (shares.size() > kMaxShares) return corrupt("too many shares");
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const auto [type, kernel] = shares[i];
    if (type >= types.size() || kernel >= types[type].plan.kernels.size()) {
      return corrupt("a share is of a kernel class that is not there");
    }
    KernelPlan& plan = types[type].plan.kernels[kernel];
    if (plan.share != kNoShare) return corrupt("two shares are of the same kernel class");
    plan.share = static_cast<ShareIndex>(i);
  }
  return {};
}

/// The errors of a check that a pack has not passed.
tl::unexpected<Error> refused(const Error& error) {
  return fail(error.code == Errc::unsupported ? Errc::unsupported : Errc::corrupt, error.context);
}

tl::unexpected<Error> missing_numbers() { return corrupt("a form refers to shared numbers that are not there"); }

/// Checks a type and plans its forecasts.
Result<DecodedType> decode_type(const fb::ModuleType& type, FormReader& forms, const PackInfo& info) {
  const TypeSource source = type_source(type, forms, info.conditions);
  if (forms.missing()) return missing_numbers();
  if (std::ranges::any_of(source.conditions, [&](auto place) { return place >= info.conditions.size(); })) {
    return corrupt("a condition is read that the pack does not have");
  }
  if (auto ok = check_type(source); !ok) return refused(ok.error());
  auto plan = make_plan(source, info.interval.module_spread);
  if (!plan) return tl::unexpected<Error>(plan.error());
  return DecodedType{text_view(type.name()), read_texts(type.parameters()),
                     read_all(type.kernels(),
                              [](const fb::Kernel& kernel) {
                                return DecodedKernel{text_view(kernel.name()), kernel.error(), kernel.samples()};
                              }),
                     std::move(*plan)};
}

/// Checks a network correction, whose shares it tells to `types`.
Result<NetworkCorrector> decode_network(const fb::NetworkCorrection& network, FormReader& forms,
                                        std::vector<DecodedType>& types) {
  const std::vector<ClassRef> shares = read_shares(network);
  if (auto ok = place_shares(shares, types); !ok) return tl::unexpected<Error>(ok.error());
  const std::size_t features = kNetworkFeatures + shares.size();
  const std::span<const double> low = array(network.low()), high = array(network.high());
  if (auto ok = check_ranges(low, high, features); !ok) return tl::unexpected<Error>(ok.error());
  const FormView form = forms.read(network.form());
  if (forms.missing()) return missing_numbers();
  if (auto ok = check_form(form, {0, features}); !ok) return refused(ok.error());
  return NetworkCorrector(form, low, high);
}

Result<DecodedPack> decode_content(const fb::Pack& pack) {
  DecodedPack out;
  out.info = read_info(pack);
  if (auto ok = check_info(out.info); !ok) return tl::unexpected<Error>(ok.error());
  FormReader forms(pack);
  const flatbuffers::uoffset_t types = pack.types() == nullptr ? 0 : pack.types()->size();
  out.types.reserve(types);
  for (flatbuffers::uoffset_t i = 0; i < types; ++i) {
    const fb::ModuleType& type = *pack.types()->Get(i);
    auto decoded = decode_type(type, forms, out.info);
    if (!decoded) return fail_in(text_view(type.name()), decoded.error());
    out.types.push_back(std::move(*decoded));
  }
  if (pack.network() == nullptr) return out;
  auto network = decode_network(*pack.network(), forms, out.types);
  if (!network) return fail_in("network correction", network.error());
  out.network = std::move(*network);
  return out;
}

/// Makes owning copies of forms; what several share is copied once.
class FormCopier {
 public:
  FormSpec copy(const FormView& view) {
    FormSpec out;
    for (const FormNodeView& node : view) {
      out.push_back({node.kind,
                     {node.children.begin(), node.children.end()},
                     {node.doubles.begin(), node.doubles.end()},
                     {node.floats.begin(), node.floats.end()},
                     {node.ints.begin(), node.ints.end()},
                     share(node.shared)});
    }
    return out;
  }

 private:
  std::shared_ptr<const std::vector<float>> share(std::span<const float> numbers) {
    if (numbers.empty()) return nullptr;
    auto& copy = copies_[numbers.data()];
    if (!copy) copy = std::make_shared<const std::vector<float>>(numbers.begin(), numbers.end());
    return copy;
  }

  std::map<const float*, std::shared_ptr<const std::vector<float>>> copies_;
};

}  // namespace

Result<DecodedPack> decode_pack(std::span<const std::uint8_t> bytes) {
  auto content = open_seal(bytes);
  if (!content) return tl::unexpected<Error>(content.error());
  if (content->size() < 16 || !fb::PackBufferHasIdentifier(content->data())) return corrupt("not a latcast pack");
  flatbuffers::Verifier verifier(content->data(), content->size(), 32, 10'000'000);
  if (!fb::VerifyPackBuffer(verifier)) return corrupt("the pack's structure does not verify: train again");
  auto pack = decode_content(*fb::GetPack(content->data()));
  if (pack) pack->content = *content;
  return pack;
}

PackContent own(const DecodedPack& decoded) {
  const fb::Pack& pack = *fb::GetPack(decoded.content.data());
  PackContent out;
  out.info = decoded.info;
  FormReader reader(pack);
  FormCopier copier;
  out.types = read_all(pack.types(), [&](const fb::ModuleType& table) {
    TypeModel type = read_type(table);
    for (std::size_t k = 0; k < type.kernels.size(); ++k) {
      const fb::Kernel& kernel = *table.kernels()->Get(static_cast<flatbuffers::uoffset_t>(k));
      type.kernels[k].form = copier.copy(reader.read(kernel.form()));
      type.kernels[k].extrapolation = copier.copy(reader.read(kernel.extrapolation()));
    }
    return type;
  });
  if (const fb::NetworkCorrection* network = pack.network()) {
    out.network = {read_shares(*network), copier.copy(reader.read(network->form())), copy(network->low()),
                   copy(network->high())};
  }
  out.references = read_all(pack.references(), [](const fb::Reference& r) {
    const std::span<const std::uint8_t> onnx = array(r.onnx());
    return ReferenceCarrier{text(r.name()), {onnx.begin(), onnx.end()}, r.quiet_ns()};
  });
  return out;
}

}  // namespace latcast::detail
