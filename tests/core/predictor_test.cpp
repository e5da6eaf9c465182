#include "latcast/predictor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <new>
#include <thread>

#include "core/every_form.h"
#include "core/kernel_forecast.h"
#include "core/sample_pack.h"

namespace {
std::atomic<long> allocations{0};
}

// Counts every allocation of this test program. Not inlined: GCC would warn about free() after new.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size == 0 ? 1 : size)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace latcast {
namespace {

constexpr std::int64_t kAnchored = 1'700'000'000;

Pack sample_pack(const std::function<void(PackContent&)>& change = {}) {
  PackContent content = test::sample_content();
  if (change) change(content);
  auto pack = Pack::from_bytes(pack_bytes(content));
  EXPECT_TRUE(pack) << pack.error().context;
  return *pack;
}

ModuleQuery conv(std::span<const double> parameters) { return {.type = 0, .parameters = parameters}; }

TEST(Predictor, ChoosesTheFirstKernelThatHolds) {
  const Pack pack = sample_pack();
  const Predictor predictor(pack, kAnchored);
  const std::vector<double> small = {8, 16}, large = {9, 16};
  EXPECT_EQ(predictor.forecast_module(conv(small))->kernel, 0U);
  EXPECT_EQ(predictor.forecast_module(conv(large))->kernel, 1U);
}

TEST(Predictor, GivesWhatTheFormGives) {
  const Pack pack = sample_pack();
  const Predictor predictor(pack, kAnchored);
  const std::vector<double> parameters = {8, 16}, terms = {8 * 16 * 8, 1};
  std::vector<double> logs;
  std::vector<float> logs32;
  for (const double x : {8.0, 16.0, 128.0}) logs.push_back(log_feature(x));
  for (const double x : logs) logs32.push_back(static_cast<float>(x));
  const PackContent content = test::sample_content();
  const double expected = evaluate(view(content.types[0].kernels[0].form), {terms, logs, logs32});
  const auto forecast = predictor.forecast_module(conv(parameters));
  ASSERT_TRUE(forecast);
  EXPECT_NEAR(forecast->latency.count(), 1.1 * expected, 1e-9 * expected);
  EXPECT_EQ(forecast->status, ForecastStatus::ok);
  EXPECT_DOUBLE_EQ(forecast->macs, 8 * 16 * 8);
}

TEST(Predictor, AModuleHasItsClassesIntervalOrTheFallbacks) {
  const Pack pack = sample_pack();
  const Predictor predictor(pack, kAnchored);
  const std::vector<double> known = {8, 16}, unknown_spread = {9, 16};
  const auto half_width = [](const ModuleForecast& m) { return std::log(m.upper / m.lower) / 2; };
  const auto small = predictor.forecast_module(conv(known)), large = predictor.forecast_module(conv(unknown_spread));
  ASSERT_TRUE(small && large);
  EXPECT_NEAR(half_width(*small), 0.1, 1e-9);
  EXPECT_NEAR(half_width(*large), 0.4, 1e-9);
  EXPECT_NEAR(small->upper / small->latency, std::exp(0.1), 1e-9);
  const std::vector<ModuleQuery> queries = {conv(known)};
  std::vector<ModuleForecast> modules(1);
  ASSERT_TRUE(predictor.forecast_network(queries, modules));
  EXPECT_NEAR(modules[0].upper / modules[0].latency, std::exp(0.1), 1e-9);
  EXPECT_NEAR(half_width(modules[0]), 0.1, 1e-9);
}

TEST(Predictor, FlagsWhatLiesOutsideTrainingAndFallsBackToTheBase) {
  const Pack pack = sample_pack();
  const Predictor predictor(pack, kAnchored);
  const std::vector<double> huge = {4000, 4000};
  const auto forecast = predictor.forecast_module(conv(huge));
  ASSERT_TRUE(forecast);
  EXPECT_EQ(forecast->status, ForecastStatus::extrapolated);
  EXPECT_NEAR(forecast->latency.count(), 1.1 * (0.4 * 4000.0 * 4000 * 4000 + 1500), 1e3);
}

TEST(Predictor, ALawIsCarriedOnFurther) {
  const Pack pack = sample_pack([](PackContent& c) { c.types[0].kernels[1].margin = 4; });
  const Predictor lawful(pack, kAnchored), usual(sample_pack(), kAnchored);
  const std::vector<double> large = {4000, 600}, huge = {4000, 40000}, rows = {4000, 600, 4000, 40000, 9, 16};
  EXPECT_EQ(usual.forecast_module(conv(large))->status, ForecastStatus::extrapolated);
  const auto carried = lawful.forecast_module(conv(large));
  EXPECT_EQ(carried->status, ForecastStatus::ok);
  EXPECT_EQ(carried->latency, usual.forecast_module(conv(large))->latency);  // of the base, as ever
  EXPECT_EQ(lawful.forecast_module(conv(huge))->status, ForecastStatus::extrapolated);
  std::vector<ModuleForecast> all(3);
  ASSERT_TRUE(lawful.forecast_modules(0, rows, all));
  EXPECT_EQ(all[0].status, ForecastStatus::ok);
  EXPECT_EQ(all[0].latency, carried->latency);
  EXPECT_EQ(all[1].status, ForecastStatus::extrapolated);
  EXPECT_EQ(all[2].status, ForecastStatus::ok);
}

TEST(Predictor, HardlyAnySamplesCountAsExtrapolated) {
  const Pack pack = sample_pack([](PackContent& c) { c.types[0].kernels[0].samples = 7; });
  const std::vector<double> parameters = {8, 16};
  EXPECT_EQ(Predictor(pack, kAnchored).forecast_module(conv(parameters))->status, ForecastStatus::extrapolated);
}

TEST(Predictor, AnUnknownModuleIsNeverZero) {
  const Pack pack = sample_pack();
  const Predictor predictor(pack, kAnchored);
  ModuleQuery query;
  query.input_bytes = 1000;
  query.output_bytes = 500;
  query.macs = 10000;
  const auto forecast = predictor.forecast_module(query);
  ASSERT_TRUE(forecast);
  EXPECT_EQ(forecast->status, ForecastStatus::unknown);
  EXPECT_NEAR(forecast->latency.count(), 1.1 * (1000 + 100 + 100 + 100), 1e-9);
  const std::vector<double> untrained = {1};
  query.type = 1;
  query.parameters = untrained;
  EXPECT_EQ(predictor.forecast_module(query)->status, ForecastStatus::unknown);
}

TEST(Predictor, RefusesParametersThatAreNoNumbers) {
  const Pack pack = sample_pack();
  const Predictor predictor(pack, kAnchored);
  const std::vector<double> nan = {8, std::nan("")}, infinite = {std::numeric_limits<double>::infinity(), 1}, few = {8};
  for (const auto& parameters : {nan, infinite, few}) {
    const auto forecast = predictor.forecast_module(conv(parameters));
    ASSERT_FALSE(forecast);
    EXPECT_EQ(forecast.error().code, Errc::invalid_input);
  }
}

struct Network {
  std::vector<std::vector<double>> parameters;
  std::vector<ModuleQuery> queries;
  explicit Network(int modules) {
    for (int i = 0; i < modules; ++i) parameters.push_back({double(2 + i % 60), double(4 + i % 30)});
    for (const auto& p : parameters) queries.push_back(conv(p));
    queries.push_back({.input_bytes = 1e5, .output_bytes = 1e5});
  }
};

TEST(Predictor, ModulesSumToTheNetworkExactly) {
  const Pack pack = sample_pack();
  const Predictor predictor(pack, kAnchored);
  const Network network(69);
  std::vector<ModuleForecast> modules(network.queries.size());
  const auto forecast = predictor.forecast_network(network.queries, modules);
  ASSERT_TRUE(forecast);
  Nanos sum{0};
  double raw = 0;
  for (std::size_t i = 0; i < modules.size(); ++i) {
    EXPECT_GE(modules[i].latency.count(), 0);
    sum += modules[i].latency;
    raw += predictor.forecast_module(network.queries[i])->latency.count() / 1.1;
  }
  EXPECT_EQ(sum, forecast->quiet);
  EXPECT_NEAR(sum.count(), 1.1 * (1.02 * raw - 50.0 * 70 + 3000), 1e-6 * raw);
  EXPECT_LT(forecast->lower, forecast->quiet);
  EXPECT_GT(forecast->upper, forecast->quiet);
  EXPECT_EQ(forecast->level, 0.9);
}

TEST(Predictor, OverheadsNeverMakeANegativeModule) {
  const Pack pack = sample_pack([](PackContent& c) { c.info.calibration = {1.0, -1e7, -1e9}; });
  const Network network(10);
  std::vector<ModuleForecast> modules(network.queries.size());
  const auto forecast = Predictor(pack, kAnchored).forecast_network(network.queries, modules);
  ASSERT_TRUE(forecast);
  EXPECT_GT(forecast->quiet.count(), 0);
  for (const ModuleForecast& module : modules) EXPECT_GT(module.latency.count(), 0);
}

constexpr CostFactors kWide{.lower = 0.1, .middle = 2, .most = 20, .upper = 50};

TEST(Predictor, AnUnknownModuleIsADistribution) {
  const Pack pack = sample_pack([](PackContent& c) { c.info.fallback.bare = kWide; });
  const Predictor predictor(pack, kAnchored);
  const auto bare = predictor.forecast_module({.input_bytes = 1000});
  ASSERT_TRUE(bare);
  EXPECT_NEAR(bare->latency.count(), 1.1 * 2 * (1000 + 100), 1e-9);
  EXPECT_NEAR(bare->lower.count(), 1.1 * 0.1 * 1100, 1e-9);
  EXPECT_NEAR(bare->upper.count(), 1.1 * 50 * 1100, 1e-9);
  const auto counted = predictor.forecast_module({.input_bytes = 1000, .macs = 10000});  // the sample's own factors
  EXPECT_NEAR(counted->latency.count(), 1.1 * (1000 + 100 + 100), 1e-9);
}

TEST(Predictor, CoverageCountsWhatTheOthersMayTake) {
  const auto network = [](const std::function<void(PackContent&)>& change, std::span<const ModuleQuery> queries,
                          std::vector<ModuleForecast>& modules) {
    modules.resize(queries.size());
    const auto forecast = Predictor(sample_pack(change), kAnchored).forecast_network(queries, modules);
    EXPECT_TRUE(forecast);
    return *forecast;
  };
  const std::vector<double> inside = {8, 16}, outside = {8, 1e6};
  const std::vector<ModuleQuery> unknown = {conv(inside), {.input_bytes = 1e4}};
  std::vector<ModuleForecast> modules;
  const auto wide = [](PackContent& c) { c.info.fallback.bare = kWide; };
  const NetworkForecast one = network(wide, unknown, modules);
  EXPECT_NEAR(one.time_share, modules[0].latency / (modules[0].latency + 10 * modules[1].latency), 1e-12);
  // Beside the modelled part, whose interval is as without it.
  std::vector<ModuleForecast> alone;
  const auto without_calibration = [&](PackContent& c) { wide(c), c.info.calibration = {}; };
  const NetworkForecast both = network(without_calibration, unknown, modules);
  const NetworkForecast part = network(without_calibration, std::span(unknown).first(1), alone);
  EXPECT_NEAR((both.upper - modules[1].upper).count(), part.upper.count(), 1e-9 * both.upper.count());
  EXPECT_NEAR((both.lower - modules[1].lower).count(), part.lower.count(), 1e-9 * both.upper.count());
  const std::vector<ModuleQuery> extrapolated = {conv(inside), conv(outside)};
  const NetworkForecast two = network({}, extrapolated, modules);
  ASSERT_EQ(modules[1].status, ForecastStatus::extrapolated);
  EXPECT_NEAR(two.time_share, modules[0].latency / (modules[0].latency + modules[1].upper), 1e-12);
}

TEST(Predictor, ModulesOfRareClassesWidenANetworksInterval) {
  const std::vector<double> parameters = {8, 16};
  const std::vector<ModuleQuery> queries = {conv(parameters)};
  std::vector<ModuleForecast> modules(1);
  const auto half_width = [&](std::uint32_t familiar) {
    const Pack pack = sample_pack([&](PackContent& c) { c.info.interval.familiar_samples = familiar; });
    const auto f = Predictor(pack, kAnchored).forecast_network(queries, modules);
    return std::log(f->upper / f->quiet);
  };
  EXPECT_DOUBLE_EQ(half_width(0), half_width(1));
  EXPECT_NEAR(half_width(1'000'000), std::hypot(half_width(0), std::log(modules[0].upper / modules[0].latency)), 1e-9);
}

TEST(Predictor, IntervalsWidenWithTheAnchorsAgeUpToALimit) {
  const Pack pack = sample_pack();
  const Network network(20);
  std::vector<ModuleForecast> modules(network.queries.size());
  const auto width = [&](std::int64_t age) {
    const auto f = Predictor(pack, kAnchored + age).forecast_network(network.queries, modules);
    return std::log(f->upper / f->lower);
  };
  EXPECT_LT(width(0), width(3600));
  EXPECT_LT(width(3600), width(7200));
  EXPECT_DOUBLE_EQ(width(3600L * 1000), width(3600L * 10000));
}

TEST(Predictor, LengthsMustMatchAndTheBadModuleIsNamed) {
  const Pack pack = sample_pack();
  const Predictor predictor(pack, kAnchored);
  const std::vector<double> good = {8, 16}, bad = {8, std::nan("")};
  const std::vector<ModuleQuery> queries = {conv(good), conv(bad)};
  std::vector<ModuleForecast> one(1), two(2);
  EXPECT_FALSE(predictor.forecast_network(queries, one));
  const auto forecast = predictor.forecast_network(queries, two);
  ASSERT_FALSE(forecast);
  EXPECT_NE(forecast.error().context.find("module 1"), std::string::npos);
}

TEST(Predictor, AnEmptyNetworkTakesNoTime) {
  const Pack pack = sample_pack();
  const auto forecast = Predictor(pack, kAnchored).forecast_network({}, {});
  ASSERT_TRUE(forecast);
  EXPECT_EQ(forecast->quiet.count(), 0);
}

/// `rows`: two parameters of each module of type 0. Nothing may be allocated on the way.
void expect_what_each_gives_alone(const Predictor& predictor, std::span<const double> rows) {
  std::vector<ModuleForecast> out(rows.size() / 2);
  const long before = allocations;
  const auto ok = predictor.forecast_modules(0, rows, out);
  EXPECT_EQ(allocations - before, 0);
  ASSERT_TRUE(ok);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto one = predictor.forecast_module(conv(rows.subspan(2 * i, 2)));
    ASSERT_TRUE(one);
    EXPECT_EQ(out[i].latency, one->latency) << i << " of " << out.size();
    EXPECT_EQ(out[i].kernel, one->kernel);
    EXPECT_EQ(out[i].status, one->status);
    EXPECT_EQ(out[i].macs, one->macs);
    EXPECT_EQ(out[i].lower, one->lower);
    EXPECT_EQ(out[i].upper, one->upper);
  }
}

TEST(Predictor, ManyAtOnceGiveWhatEachGivesAlone) {
  for (const std::uint32_t samples : {100U, 0U}) {
    const Pack pack = sample_pack([&](PackContent& c) { c.types[0].kernels[1].samples = samples; });
    const Predictor predictor(pack, kAnchored);
    for (const std::size_t count : {0U, 1U, 5U, 32U, 333U}) {
      std::vector<double> rows;
      for (std::size_t i = 0; i < count; ++i) {
        rows.push_back(double(1 + i * 7 % 60) * (i % 50 == 3 ? 1000 : 1));  // both classes, some far out of range
        rows.push_back(double(4 + i % 30));
      }
      expect_what_each_gives_alone(predictor, rows);
    }
  }
}

TEST(Predictor, ManyAtOnceGiveWhatEachGivesAloneWhateverTheForm) {
  for (const FormSpec& form : test::every_form({2, 3})) {
    const Pack pack = sample_pack([&](PackContent& c) {
      c.types[0].kernels[0].form = form;
      c.types[0].kernels[1].extrapolation = form;
    });
    const Predictor predictor(pack, kAnchored);
    for (const std::size_t count : {1U, 2U, 3U, 7U, 33U, 77U}) {
      std::vector<double> rows;
      for (std::size_t i = 0; i < count; ++i) {
        rows.push_back(double(1 + i * 7 % 23) * (i % 5 == 3 ? 1000 : 1));
        rows.push_back(double(4 + i * i % 300) * (i % 11 == 6 ? -1 : 1));
      }
      SCOPED_TRACE("form " + std::to_string(static_cast<int>(form.back().kind)));
      expect_what_each_gives_alone(predictor, rows);
    }
  }
}

TEST(Predictor, ManyAtOnceOfATypeWithoutAModelAreEstimatedFromTheirBytes) {
  const Pack pack = sample_pack();
  const Predictor predictor(pack, kAnchored);
  const std::vector<double> rows = {1, 2, 3};
  const std::vector<ModuleBytes> bytes = {{}, {}, {4096, 2048, 1024}};
  std::vector<ModuleForecast> out(3);
  ASSERT_TRUE(predictor.forecast_modules(1, rows, out, bytes));
  EXPECT_EQ(out[2].status, ForecastStatus::unknown);
  EXPECT_NEAR(out[1].latency.count(), 1.1 * 1000, 1e-9);
  const ModuleQuery alone{
      .type = 1, .parameters = {rows.data() + 2, 1}, .input_bytes = 4096, .output_bytes = 2048, .weight_bytes = 1024};
  EXPECT_DOUBLE_EQ(out[2].latency.count(), predictor.forecast_module(alone)->latency.count());
  EXPECT_GT(out[2].latency, out[1].latency);
  EXPECT_FALSE(predictor.forecast_modules(1, rows, out, std::vector<ModuleBytes>(2)));
}

TEST(Predictor, ManyAtOnceWithoutAModelOrBytesHaveNoLatency) {
  std::vector<ModuleForecast> out(3);
  ASSERT_TRUE(Predictor(sample_pack(), kAnchored).forecast_modules(1, std::vector<double>{1, 2, 3}, out));
  EXPECT_EQ(out[2].status, ForecastStatus::unknown);
  EXPECT_TRUE(std::isnan(out[2].latency.count()));
}

TEST(Predictor, ItsAnchorAgesWhileItLives) {
  static std::int64_t now = kAnchored;
  const Predictor living = Predictor::with_clock(sample_pack(), [] { return now; });
  const Predictor fixed(sample_pack(), now);
  EXPECT_EQ(living.anchor_age_s(), 0);
  now += 3600;
  EXPECT_EQ(living.anchor_age_s(), 3600);
  EXPECT_EQ(fixed.anchor_age_s(), 0);
  EXPECT_GT(Predictor(sample_pack()).anchor_age_s(), 3600);  // by the system's clock
}

TEST(Predictor, ManyAtOnceMustFitAndBeFinite) {
  const Pack pack = sample_pack();
  const Predictor predictor(pack, kAnchored);
  std::vector<ModuleForecast> out(2);
  EXPECT_FALSE(predictor.forecast_modules(0, std::vector<double>{1, 2, 3}, out));
  EXPECT_FALSE(predictor.forecast_modules(2, std::vector<double>{1, 2, 3, 4}, out));
  const auto bad = predictor.forecast_modules(0, std::vector<double>{1, 2, 3, std::nan("")}, out);
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().context.find("row 1"), std::string::npos);
}

TEST(Predictor, ANetworkOfManyTypesGivesWhatEachModuleGivesAlone) {
  const Pack pack = sample_pack([](PackContent& c) { c.info.calibration = {}; });
  const Predictor predictor(pack, kAnchored);
  std::vector<std::vector<double>> parameters;
  std::vector<ModuleQuery> queries;
  for (int i = 0; i < 200; ++i)
    parameters.push_back(i % 5 == 0 ? std::vector<double>{1.0} : std::vector<double>{double(1 + i % 40), 16});
  for (int i = 0; i < 200; ++i) {
    queries.push_back({.type = i % 5 == 0   ? 1U
                               : i % 7 == 0 ? kUnknownType
                                            : 0U,
                       .parameters = parameters[std::size_t(i)],
                       .input_bytes = 10.0 * i,
                       .macs = 5});
    if (queries.back().type == kUnknownType) queries.back().parameters = {};
  }
  std::vector<ModuleForecast> modules(queries.size());
  ASSERT_TRUE(predictor.forecast_network(queries, modules));
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const auto one = predictor.forecast_module(queries[i]);
    ASSERT_TRUE(one);
    EXPECT_NEAR(modules[i].latency / one->latency, 1, 1e-12) << i;
    EXPECT_EQ(modules[i].kernel, one->kernel);
    EXPECT_EQ(modules[i].status, one->status);
    EXPECT_EQ(modules[i].macs, one->macs);
  }
}

TEST(Predictor, AllocatesNothing) {
  const Pack pack = sample_pack([](PackContent& c) { c.network = test::sample_correction(); });
  const Predictor predictor(pack, kAnchored);
  const Network network(70);
  std::vector<ModuleForecast> modules(network.queries.size());
  const long before = allocations;
  for (int i = 0; i < 10; ++i) {
    const auto forecast = predictor.forecast_network(network.queries, modules);
    const auto module = predictor.forecast_module(network.queries[static_cast<std::size_t>(i)]);
    if (!forecast || !module) std::abort();
  }
  EXPECT_EQ(allocations - before, 0);
}

TEST(Predictor, OutlivesItsPackAndServesManyThreads) {
  std::optional<Predictor> predictor;
  {
    const Pack pack = sample_pack();
    predictor.emplace(pack, kAnchored);
  }
  const Network network(30);
  std::vector<ModuleForecast> modules(network.queries.size());
  const double expected = predictor->forecast_network(network.queries, modules)->quiet.count();
  std::vector<std::jthread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      std::vector<ModuleForecast> own(network.queries.size());
      for (int i = 0; i < 50; ++i) {
        if (predictor->forecast_network(network.queries, own)->quiet.count() != expected) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

// ---- conditions

/// The large convolutions take 1 + heat times as long; heat was measured from 0 to 2.
Pack heated_pack() {
  return sample_pack([](PackContent& content) {
    content.info.conditions = {{"threads", "threads", 1, 1, 1, {}},
                               {"heat", "", 0, 2, 0, {{"cold", 0}, {"warm", 1}, {"hot", 2}}}};
    TypeModel& type = content.types.front();
    type.conditions = {"heat"};  // slot 2, before the derived values
    type.derived = {{"elements", "c * h", test::binary(Opcode::multiply, 0, 1)},
                    {"work",
                     "elements * (1 + heat)",
                     {{Opcode::load, 3, 0},
                      {Opcode::constant, 0, 1},
                      {Opcode::load, 2, 0},
                      {Opcode::add, 0, 0},
                      {Opcode::multiply, 0, 0}}}};
    type.macs = test::load(3);
    for (KernelModel& kernel : type.kernels) {
      kernel.terms = {{"work", "work", test::load(4)}, {"1", "1", test::constant(1)}};
      kernel.features = {{"c", "c", test::load(0)}, {"h", "h", test::load(1)}, {"elements", "elements", test::load(3)}};
      kernel.form = test::linear_terms({10, 0});
    }
  });
}

TEST(PredictorConditions, AreBoundOnceAndHold) {
  const Pack pack = heated_pack();
  const Predictor usual(pack, kAnchored);
  EXPECT_EQ(usual.conditions(), (Conditions{{"heat", 0}, {"threads", 1}}));
  const Predictor warm = *usual.at({{"heat", 1}});
  EXPECT_EQ(warm.conditions(), (Conditions{{"heat", 1}, {"threads", 1}}));
  EXPECT_FALSE(warm.out_of_range());
  const std::vector<double> parameters = {9, 16};
  const double cold_ns = usual.forecast_module(conv(parameters))->latency.count();
  EXPECT_DOUBLE_EQ(warm.forecast_module(conv(parameters))->latency.count(), 2 * cold_ns);
  EXPECT_EQ(warm.forecast_module(conv(parameters))->status, ForecastStatus::ok);
  EXPECT_DOUBLE_EQ(usual.forecast_module(conv(parameters))->latency.count(), cold_ns);  // as it was
  EXPECT_DOUBLE_EQ((*warm.at({{"heat", 2}})).forecast_module(conv(parameters))->latency.count(), 3 * cold_ns);
}

TEST(PredictorConditions, AreTheSameForOneModuleAndForMany) {
  const Pack pack = heated_pack();
  const Predictor warm = *Predictor(pack, kAnchored).at({{"heat", 1.5}});
  std::vector<double> rows;
  std::vector<ModuleQuery> queries;
  for (int i = 0; i < 50; ++i) rows.insert(rows.end(), {4.0 + i, 16});
  for (int i = 0; i < 50; ++i) queries.push_back(conv(std::span(rows).subspan(static_cast<std::size_t>(2 * i), 2)));
  std::vector<ModuleForecast> all(queries.size());
  ASSERT_TRUE(warm.forecast_modules(0, rows, all));
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const ModuleForecast one = *warm.forecast_module(queries[i]);
    EXPECT_EQ(all[i].latency, one.latency) << i;
    EXPECT_EQ(all[i].kernel, one.kernel);
    EXPECT_EQ(all[i].status, one.status);
  }
  std::vector<ModuleForecast> network(queries.size());
  const NetworkForecast total = *warm.forecast_network(queries, network);
  EXPECT_GT(total.quiet, Predictor(pack, kAnchored).forecast_network(queries, network)->quiet);
}

TEST(PredictorConditions, NoForecastIsSureOutsideWhatWasMeasured) {
  const Pack pack = heated_pack();
  const Predictor usual(pack, kAnchored);
  const std::vector<double> parameters = {9, 16};
  const std::vector<ModuleQuery> queries = {conv(parameters)};
  for (const Conditions& conditions : {Conditions{{"heat", 2.5}}, Conditions{{"threads", 2}}}) {
    const Predictor outside = *usual.at(conditions);
    EXPECT_TRUE(outside.out_of_range());
    EXPECT_EQ(outside.forecast_module(conv(parameters))->status, ForecastStatus::extrapolated);
    std::vector<ModuleForecast> modules(1);
    ASSERT_TRUE(outside.forecast_modules(0, parameters, modules));
    EXPECT_EQ(modules[0].status, ForecastStatus::extrapolated);
    const NetworkForecast total = *outside.forecast_network(queries, modules);
    EXPECT_EQ(total.time_share, 0);
    EXPECT_GT(usual.forecast_network(queries, modules)->time_share, 0.99);
    EXPECT_FALSE(outside.at({{"heat", 0}, {"threads", 1}})->out_of_range());
  }
}

TEST(PredictorConditions, OnesThatThePackDoesNotHaveAreNamed) {
  const Pack pack = heated_pack();
  const auto unknown = Predictor(pack, kAnchored).at({{"heet", 1}});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Errc::invalid_input);
  EXPECT_NE(unknown.error().context.find("'heet'; it has threads, heat"), std::string::npos) << unknown.error().context;
  EXPECT_FALSE(Predictor(pack, kAnchored).at({{"heat", std::numeric_limits<double>::quiet_NaN()}}));
  const auto none = Predictor(sample_pack(), kAnchored).at({{"heat", 1}});
  EXPECT_NE(none.error().context.find("it has none"), std::string::npos);
}

TEST(PredictorConditions, AreReadFromText) {
  const Pack pack = heated_pack();
  const auto read = [&](std::string_view text) { return parse_conditions(text, pack.info().conditions); };
  EXPECT_EQ(*read("heat=hot,threads=4"), (Conditions{{"heat", 2}, {"threads", 4}}));
  EXPECT_EQ(*read("heat=0.5"), (Conditions{{"heat", 0.5}}));
  EXPECT_EQ(*read(""), Conditions{});
  EXPECT_EQ(read("heat=tepid").error().context, "'tepid' is no value of heat, which is one of cold, warm, hot");
  EXPECT_EQ(read("threads=two").error().context, "'two' is no value of threads, which is a number");
  EXPECT_EQ(read("load=1").error().context, "there is no condition 'load'; there is threads, heat");
  EXPECT_EQ(read("heat").error().context, "'heat' is not NAME=VALUE, as in threads=2");
  EXPECT_EQ(condition_text(pack.info().conditions[1], 1), "warm");
  EXPECT_EQ(condition_text(pack.info().conditions[1], 1.5), "1.5");
}

TEST(PredictorConditions, ThatAPackReadsMustBeInIt) {
  PackContent content = test::sample_content();
  content.types.front().conditions = {"heat"};
  const auto pack = Pack::from_bytes(pack_bytes(content));
  ASSERT_FALSE(pack);
  EXPECT_EQ(pack.error().code, Errc::corrupt);
}

}  // namespace
}  // namespace latcast
