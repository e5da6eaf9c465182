// Round trip, versions, damage. Hostile bytes may be refused or read, never crash: run under ASan as well.
#include "latcast/pack.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

#include "core/pack_decode.h"
#include "core/pack_seal.h"
#include "core/sample_pack.h"
#include "latcast/predictor.h"

namespace latcast {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::filesystem::path temporary(const std::string& name) {
  return std::filesystem::path(::testing::TempDir()) / ("latcast_" + name);
}

/// Content bytes without the seal.
Bytes unsealed(const Bytes& bytes) { return {bytes.begin(), bytes.end() - 24}; }

/// Opens the bytes and, where they are accepted, forecasts with them.
void try_everything(const Bytes& bytes) {
  const auto pack = Pack::from_bytes(bytes);
  if (!pack) return;
  const Predictor predictor(*pack, 1'700'000'100);
  const std::vector<double> few = {4, 16}, many = {1e9, 1e9};
  for (std::uint32_t type = 0; type < pack->type_count() + 1; ++type) {
    for (const auto& parameters : {few, many}) {
      const ModuleQuery query{type, parameters, 1, 1, 1, 1};
      const auto forecast = predictor.forecast_module(query);
      EXPECT_TRUE(!forecast || forecast->latency.count() >= 0);  // 0: of a class that became free
    }
  }
  const std::vector<ModuleQuery> queries = {{.type = 0, .parameters = few}, {.input_bytes = 1}};
  std::vector<ModuleForecast> modules(queries.size());
  const auto network = predictor.forecast_network(queries, modules);
  EXPECT_TRUE(!network || network->quiet.count() > 0);
}

TEST(Pack, ComesBackAsItWasWritten) {
  const PackContent content = test::sample_content();
  const auto path = temporary("round.latpack");
  ASSERT_TRUE(write_pack(content, path));
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".tmp"));
  const auto back = read_pack_content(path);
  ASSERT_TRUE(back) << back.error().context;
  EXPECT_EQ(pack_bytes(*back), pack_bytes(content));
  EXPECT_EQ(back->info.target, content.info.target);
  EXPECT_EQ(back->references[0].onnx, content.references[0].onnx);
  EXPECT_EQ(back->types[0].kernels[0].candidates[1].name, "base");
  std::filesystem::remove(path);
}

TEST(Pack, CandidatesComeBackWhole) {
  const auto path = temporary("candidates.latpack");
  ASSERT_TRUE(write_pack(test::sample_content(), path));
  const auto back = read_pack_content(path);
  ASSERT_TRUE(back);
  const KernelModel& kernel = back->types[0].kernels[0];
  EXPECT_EQ(kernel.spread, 0.1);
  EXPECT_EQ(back->info.interval.module_spread, 0.4);
  const CandidateScore& first = kernel.candidates[0];
  EXPECT_NEAR(first.bias, 0.01, 1e-6);
  EXPECT_NEAR(first.cost_s, 2.5, 1e-6);
  EXPECT_EQ(first.samples_seen, 90U);
  EXPECT_NEAR(first.r2, 0.99, 1e-6);
  EXPECT_NEAR(first.within5, 0.7, 1e-6);
  EXPECT_NEAR(first.within10, 0.9, 1e-6);
  EXPECT_NEAR(first.median_log, 0.02, 1e-6);
  EXPECT_TRUE(first.front);
  EXPECT_FALSE(kernel.candidates[1].front);
  std::filesystem::remove(path);
}

/// The sample with a dense form in both kernels of "conv": a shared first layer of `width` and an own last one.
PackContent content_with_shared_layers(int width) {
  const auto wide = static_cast<std::size_t>(width);
  const auto numbers = std::make_shared<const std::vector<float>>(4 * wide, 0.01F);
  PackContent content = test::sample_content();
  for (KernelModel& kernel : content.types[0].kernels) {
    FormNode node;
    node.kind = FormKind::dense;
    node.ints = {0, 2, 3, width, 1, 1, 0};
    node.floats.assign(wide + 1, 0.02F);
    node.shared = numbers;
    kernel.form = product_form(test::linear_terms({0.5, 1000}), {node});
  }
  return content;
}

TEST(Pack, StoresSharedNumbersOnce) {
  PackContent content = content_with_shared_layers(200);
  const std::size_t together = pack_bytes(content).size();
  const auto path = temporary("shared.latpack");
  ASSERT_TRUE(write_pack(content, path));
  const auto back = read_pack_content(path);
  ASSERT_TRUE(back) << back.error().context;
  EXPECT_EQ(pack_bytes(*back), pack_bytes(content));
  const auto& kernels = back->types[0].kernels;
  ASSERT_TRUE(kernels[0].form[1].shared);
  EXPECT_EQ(kernels[0].form[1].shared, kernels[1].form[1].shared);
  EXPECT_EQ(*kernels[0].form[1].shared, *content.types[0].kernels[0].form[1].shared);
  FormNode& other = content.types[0].kernels[1].form[1];
  other.shared = std::make_shared<const std::vector<float>>(*other.shared);
  EXPECT_GE(pack_bytes(content).size(), together + std::size_t{4} * 800);
  std::filesystem::remove(path);
}

TEST(Pack, ANetworkCorrectionAndFreeClassesComeBack) {
  PackContent content = test::sample_content();
  const std::size_t without = pack_bytes(content).size();
  content.network = test::sample_correction();
  content.types[1].kernels[0].free = true;
  const auto path = temporary("correction.latpack");
  ASSERT_TRUE(write_pack(content, path));
  const auto back = read_pack_content(path);
  ASSERT_TRUE(back) << back.error().context;
  EXPECT_EQ(pack_bytes(*back), pack_bytes(content));
  EXPECT_GT(pack_bytes(content).size(), without);
  EXPECT_EQ(back->network.shares, content.network.shares);
  EXPECT_EQ(back->network.low, content.network.low);
  EXPECT_EQ(back->network.high, content.network.high);
  ASSERT_EQ(back->network.form.size(), 3U);
  EXPECT_EQ(back->network.form[1].floats, content.network.form[1].floats);
  EXPECT_FALSE(back->types[0].kernels[0].free);
  EXPECT_TRUE(back->types[1].kernels[0].free);
  std::filesystem::remove(path);
}

TEST(Pack, WithoutAFormThereIsNoCorrection) {
  PackContent content = test::sample_content();
  const Bytes without = pack_bytes(content);
  content.network.shares = {{0, 1}};
  EXPECT_EQ(pack_bytes(content), without);
}

TEST(Pack, AReferenceToSharedNumbersThatAreNotThereIsCorrupt) {
  const Bytes good = unsealed(pack_bytes(content_with_shared_layers(8)));
  int seen = 0;  // among the ones that become twos are the two references
  for (std::size_t i = 0; i < good.size(); ++i) {
    if (good[i] != 1) continue;
    Bytes bad = good;
    bad[i] = 2;
    detail::seal(bad);
    const auto pack = Pack::from_bytes(bad);
    if (pack || pack.error().context.find("shared numbers that are not there") == std::string::npos) continue;
    EXPECT_EQ(pack.error().code, Errc::corrupt);
    ++seen;
  }
  EXPECT_EQ(seen, 2);
}

TEST(Pack, SaysWhatIsInIt) {
  const auto pack = Pack::from_bytes(pack_bytes(test::sample_content()));
  ASSERT_TRUE(pack);
  EXPECT_EQ(pack->target().engine, "fake");
  EXPECT_EQ(find_value(pack->target().conditions, "threads"), "1");
  EXPECT_EQ(pack->find_type("conv"), 0U);
  EXPECT_EQ(pack->find_type("nothing"), std::nullopt);
  EXPECT_EQ(pack->parameter_names(0)[1], "h");
  EXPECT_EQ(pack->kernel_name(0, 1), "large");
  EXPECT_EQ(pack->sources()[0].value, "name = \"conv\"");
}

TEST(Pack, AMissingFileIsNamed) {
  const auto pack = Pack::open("/nowhere/x.latpack");
  ASSERT_FALSE(pack);
  EXPECT_EQ(pack.error().code, Errc::not_found);
  EXPECT_NE(pack.error().context.find("/nowhere/x.latpack"), std::string::npos);
}

TEST(Pack, WritingWhereOneCannotIsAnError) {
  const auto ok = write_pack(test::sample_content(), "/nowhere/x.latpack");
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, Errc::io);
}

TEST(Pack, AnotherFormatIsAMismatchThatSaysWhatToDo) {
  Bytes bytes = unsealed(pack_bytes(test::sample_content()));
  detail::seal(bytes, detail::kPackFormat + 1);
  const auto pack = Pack::from_bytes(bytes);
  ASSERT_FALSE(pack);
  EXPECT_EQ(pack.error().code, Errc::mismatch);
  EXPECT_NE(pack.error().context.find("train again"), std::string::npos);
}

TEST(Pack, EveryTruncationIsCorrupt) {
  const Bytes bytes = pack_bytes(test::sample_content());
  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 50) {
    const auto pack = Pack::from_bytes(std::span(bytes).first(size));
    ASSERT_FALSE(pack) << size;
    EXPECT_EQ(pack.error().code, Errc::corrupt);
  }
}

TEST(Pack, EveryFlippedByteIsSeen) {
  const Bytes bytes = pack_bytes(test::sample_content());
  for (std::size_t i = 0; i < bytes.size(); i += 7) {
    Bytes bad = bytes;
    bad[i] ^= 0x40U;
    EXPECT_FALSE(Pack::from_bytes(bad)) << i;
  }
}

TEST(Pack, HostileBytesBehindAValidSealNeverCrash) {
  PackContent content = test::sample_content(5, 6);
  content.network = test::sample_correction();
  const Bytes good = unsealed(pack_bytes(content));
  std::mt19937_64 random(4);
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] = static_cast<std::uint8_t>(random());
    detail::seal(bad);
    try_everything(bad);
  }
  for (int round = 0; round < 3000; ++round) {
    Bytes bad = good;
    const std::size_t start = random() % bad.size(), count = 1 + random() % 16;
    for (std::size_t i = start; i < std::min(start + count, bad.size()); ++i) {
      bad[i] = random() % 3 == 0 ? 0xff : static_cast<std::uint8_t>(random());
    }
    if (round % 5 == 0) bad.resize(random() % bad.size());
    detail::seal(bad);
    try_everything(bad);
  }
}

TEST(Pack, RefusesNonsenseThatIsWellFormed) {
  const auto refused = [](const auto& damage) {
    PackContent content = test::sample_content();
    damage(content);
    const auto pack = Pack::from_bytes(pack_bytes(content));
    return !pack && pack.error().code == Errc::corrupt;
  };
  EXPECT_TRUE(refused([](PackContent& c) { c.types[0].kernels[0].features[0].program = test::load(4); }));
  EXPECT_TRUE(refused([](PackContent& c) { c.types[0].derived[0].program = test::load(2); }));
  EXPECT_TRUE(refused([](PackContent& c) { c.types[0].kernels[0].low = {1}; }));
  EXPECT_TRUE(refused([](PackContent& c) { c.types[0].kernels[0].high[0] = 0.5; }));
  EXPECT_TRUE(refused([](PackContent& c) { c.types[0].kernels[0].terms.pop_back(); }));
  EXPECT_TRUE(refused([](PackContent& c) { c.types[0].kernels[0].spread = -0.1; }));
  EXPECT_TRUE(refused([](PackContent& c) { c.info.interval.module_spread = std::nan(""); }));
  EXPECT_TRUE(refused([](PackContent& c) { c.info.anchor.scale = std::nan(""); }));
  EXPECT_TRUE(refused([](PackContent& c) { c.info.fallback.mac_ns = -1; }));
  EXPECT_TRUE(refused([](PackContent& c) { c.types[0].macs = test::load(9); }));
}

/// Why a pack with that network correction is corrupt; empty where it is not.
std::string corruption(const std::function<void(NetworkCorrection&)>& damage) {
  PackContent content = test::sample_content();
  content.network = test::sample_correction();
  damage(content.network);
  const auto pack = Pack::from_bytes(pack_bytes(content));
  if (pack) return "";
  EXPECT_EQ(pack.error().code, Errc::corrupt);
  EXPECT_TRUE(pack.error().context.starts_with("network correction: ")) << pack.error().context;
  return pack.error().context;
}

TEST(Pack, RefusesANetworkCorrectionThatDoesNotFit) {
  const auto says = [](const std::string& text, const char* what) { return text.find(what) != std::string::npos; };
  EXPECT_EQ(corruption([](NetworkCorrection&) {}), "");
  const char* not_there = "a kernel class that is not there";
  EXPECT_TRUE(says(corruption([](NetworkCorrection& n) { n.shares[0].type = 2; }), not_there));
  EXPECT_TRUE(says(corruption([](NetworkCorrection& n) { n.shares[1].kernel = 2; }), not_there));
  EXPECT_TRUE(says(corruption([](NetworkCorrection& n) { n.shares[1] = n.shares[0]; }), "same kernel class"));
  EXPECT_TRUE(says(corruption([](NetworkCorrection& n) { n.shares.resize(33); }), "too many shares"));
  const char* ranges = "do not match the features";
  EXPECT_TRUE(says(corruption([](NetworkCorrection& n) { n.shares.pop_back(); }), ranges));
  EXPECT_TRUE(says(corruption([](NetworkCorrection& n) { n.low.push_back(1); }), ranges));
  EXPECT_TRUE(says(corruption([](NetworkCorrection& n) { n.high.clear(); }), ranges));
  EXPECT_TRUE(says(corruption([](NetworkCorrection& n) { n.low[2] = n.high[2] + 1; }), "range is not one"));
  EXPECT_TRUE(says(corruption([](NetworkCorrection& n) { n.high[0] = std::nan(""); }), "range is not one"));
  EXPECT_TRUE(says(corruption([](NetworkCorrection& n) { n.form[1].floats.pop_back(); }), "form node 1"));
  EXPECT_NE(corruption([](NetworkCorrection& n) { n.form = test::linear_terms({1}); }), "");
  EXPECT_NE(corruption([](NetworkCorrection& n) { n.form[0].doubles = {std::nan("")}; }), "");
}

TEST(Pack, ANetworkCorrectionOfAnUnknownKindIsUnsupported) {
  PackContent content = test::sample_content();
  content.network = test::sample_correction();
  content.network.form[1].kind = static_cast<FormKind>(999);
  const auto pack = Pack::from_bytes(pack_bytes(content));
  ASSERT_FALSE(pack);
  EXPECT_EQ(pack.error().code, Errc::unsupported);
}

}  // namespace
}  // namespace latcast
