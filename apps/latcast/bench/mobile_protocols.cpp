#include "bench/mobile_protocols.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "experiments/network_design.h"
#include "experiments/table_check.h"
#include "learn/data/folds.h"
#include "learn/math/parallel.h"
#include "learn/prior/prior_knowledge.h"
#include "learn/study/study.h"
#include "table_import.h"
#include "tables/table_map.h"

namespace latcast::cli {
namespace {

using namespace latcast::learn;
using Networks = std::vector<TableNetwork>;
using Indices = std::vector<std::size_t>;

constexpr int kFolds = 5;
constexpr int kDraws = 20, kQuickDraws = 3;
/// The regression models that compete for a kernel class here, beside the base: all would take hours over so many
/// trainings. The few are for protocols of hundreds of them.
const std::vector<std::string> kModels = {"base_gp", "base_gbdt", "base_mean"}, kFewModels = {"base_gp"};
const std::vector<std::string> kReferences = {"lasso", "mlp", "forest", "gbdt"};
const std::vector<std::string> kGpus = {"pixel4", "s10", "mi8se", "a03s", "iphone7", "iphonexs"};

/// Devices, and others whose packs help where little was measured: the same GPU vendor's or engine backend's.
const std::map<std::string, std::string> kProxies = {{"mi8se", "pixel4"}, {"s10", "a03s"}, {"iphonexs", "iphone7"}};

/// A piece of work for one thread.
struct Job {
  std::string name;
  std::function<Result<void>()> run;
};

std::string job_name(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out.append(out.empty() ? "" : ", ").append(part);
  return out;
}

std::vector<int> folds_of(std::size_t networks) {
  std::vector<int> each(networks);
  for (std::size_t i = 0; i < networks; ++i) each[i] = static_cast<int>(i);
  return grouped_folds(each, kFolds, derive_seed(1, "bench mobile"));
}

/// Families as the networks are called: the letters before the first digit or underscore.
std::vector<int> families_of(const Networks& networks) {
  std::map<std::string, int> known;
  std::vector<int> out;
  for (const TableNetwork& network : networks) {
    const auto end = std::ranges::find_if(network.name, [](char c) { return c < 'a' || c > 'z'; });
    out.push_back(known.emplace(std::string(network.name.begin(), end), static_cast<int>(known.size())).first->second);
  }
  return out;
}

TrainOptions our_options(const std::vector<std::string>& models) {
  TrainOptions options;
  options.study.threads = 1;
  options.study.models = models;
  options.study.stop = interrupted;
  options.budget.module_time_ns = std::numeric_limits<double>::infinity();
  return options;
}

/// Of all modules by the joint model, or by the base in classes where that is better in every respect.
double joint_mape(const PreparedSet& prepared, const Study& study) {
  double sum = 0, count = 0;
  for (std::size_t k = 0; k < prepared.kernels.size(); ++k) {
    const auto& candidates = study.classes[k].candidates;
    if (candidates.empty()) continue;
    const auto joint =
        std::ranges::find_if(candidates, [](const Candidate& one) { return one.joint && !one.out_of_fold.empty(); });
    const auto& forecasts = (joint == candidates.end() ? candidates.front() : *joint).out_of_fold;
    for (std::size_t i = 0; i < forecasts.size(); ++i) {
      const double truth = prepared.kernels[k].rows.latency_ns[static_cast<Eigen::Index>(i)];
      sum += std::abs(forecasts[i].latency_ns / truth - 1.0);
      count += 1;
    }
  }
  return count > 0 ? sum / count : 0.0;
}

class MobileBench {
 public:
  MobileBench(const MobileOptions& options, Console& console) : options_(options), console_(console) {}

  Result<void> load() {
    auto catalogue = Catalogue::builtin({});
    if (!catalogue) return tl::unexpected(catalogue.error());
    catalogue_ = catalogue->restricted([](const ModuleType& type) { return type.given(); });
    file_ = std::filesystem::temp_directory_path() / ("latcast-bench-" + std::to_string(::getpid()) + ".db");
    auto store = Store::create(file_.string());
    if (!store) return tl::unexpected(store.error());
    for (const char* table : {"tflite_cnn_ops_gpu", "tflite_cnn_e2e", "torch_cnn_ops_gpu", "torch_cnn_e2e"}) {
      if (auto ok = import(*store, table); !ok) return ok;
    }
    const auto targets = store->targets();
    if (!targets) return tl::unexpected(targets.error());
    for (const TargetRecord& target : *targets) {
      auto networks = load_table_networks(*store, target, catalogue_);
      if (!networks) return tl::unexpected(networks.error());
      std::erase_if(networks->networks, [](const TableNetwork& one) { return !(one.total_ns > 0); });
      targets_[target.engine][target.name] = std::move(networks->networks);
    }
    return {};
  }

  void forget() const {
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file_.string() + suffix, ignored);
  }

  Result<void> run() {
    plan_gpus();
    plan_medn();
    plan_cpus();
    plan_vulkan();
    std::mutex lock;
    std::size_t done = 0;
    std::optional<Error> problem;
    parallel_for(jobs_.size(), 2, [&](std::size_t i) {
      if (interrupted()) return;
      const auto ok = jobs_[i].run();
      const std::scoped_lock guard(lock);
      if (!ok && !problem) problem = Error{ok.error().code, jobs_[i].name + ": " + ok.error().context};
      console_.progress(static_cast<double>(++done) / static_cast<double>(jobs_.size()), jobs_[i].name);
    });
    if (interrupted()) return fail(Errc::interrupted, "interrupted");
    if (problem) return tl::unexpected(*problem);
    return {};
  }

  /// After run().
  [[nodiscard]] MobileFigures figures() {
    figures_.twins = twins();
    for (const std::string& device : kGpus) {
      const auto rules = check_rules(targets_.at("tflite").at(device + "|gpu|float"), catalogue_);
      figures_.rules.push_back({device, rules.recorded - rules.other, rules.recorded});
    }
    return std::move(figures_);
  }

 private:
  void add(Figure figure) {
    const std::scoped_lock guard(lock_);
    figures_.all.push_back(std::move(figure));
  }

  void plot(const std::string& protocol, const std::string& target, const Networks& networks,
            const TableForecasts& forecasts) {
    ScatterPanel panel{target, {}};
    for (std::size_t i = 0; i < networks.size(); ++i) {
      if (!(forecasts.forecast_ns[i] > 0) || !(networks[i].total_ns > 0)) continue;
      panel.points.push_back({networks[i].name, networks[i].family, networks[i].total_ns, forecasts.forecast_ns[i],
                              forecasts.lower_ns[i], forecasts.upper_ns[i]});
    }
    const std::scoped_lock guard(lock_);
    figures_.panels[protocol].push_back(std::move(panel));
  }

  /// Share of the listed operations that have an exact twin in another network.
  [[nodiscard]] double twins() const {
    const Networks& networks = targets_.at("tflite").at("pixel4|gpu|float");
    std::map<std::vector<double>, std::set<std::size_t>> holders;
    const auto key = [](const TableNetworkModule& module) {
      std::vector<double> out = module.parameters;
      out.push_back(static_cast<double>(module.type));
      return out;
    };
    for (std::size_t i = 0; i < networks.size(); ++i) {
      for (const TableNetworkModule& module : networks[i].modules) {
        if (module.listed) holders[key(module)].insert(i);
      }
    }
    double all = 0, twins = 0;
    for (const TableNetwork& network : networks) {
      for (const TableNetworkModule& module : network.modules) {
        if (!module.listed) continue;
        all += 1;
        if (holders[key(module)].size() > 1) twins += 1;
      }
    }
    return all > 0 ? twins / all : 0;
  }

  Result<void> import(Store& store, const std::string& table) {
    const std::filesystem::path data(options_.data), maps(options_.maps);
    auto map = read_map((maps / (table + ".toml")).string());
    if (!map) return tl::unexpected(map.error());
    auto reader =
        TableReader::open((data / (table + ".csv")).string(), *map, catalogue_, TableReader::Use::measurements);
    if (!reader) return tl::unexpected(reader.error());
    const ImportObserver observer{[](double, std::size_t) {}, [] { return interrupted(); }};
    auto summary = import_table(store, *reader, *map, catalogue_, observer);
    if (!summary) return tl::unexpected(summary.error());
    return {};
  }

  /// Ours, and reference models, with each part left out.
  void plan_split(const std::string& protocol, const std::string& target, const Networks& networks,
                  const std::vector<int>& part_of_network, const std::vector<std::string>& models, bool references,
                  bool plotted) {
    jobs_.push_back({job_name({protocol, target}), [=, this, &networks]() -> Result<void> {
                       TableForecasts out;
                       if (auto ok = leave_out(networks, part_of_network, models, out); !ok) return ok;
                       add({protocol, target, "ours", network_mape(networks, out), 0, networks.size()});
                       const double modules = module_mape(networks, out);
                       if (std::isfinite(modules))
                         add({protocol + ", operations", target, "ours", modules, 0, networks.size()});
                       if (plotted) plot(protocol, target, networks, out);
                       return {};
                     }});
    for (const std::string& model : kReferences) {
      if (!references) break;
      jobs_.push_back(
          {job_name({protocol, target, model}), [=, this, &networks]() -> Result<void> {
             TableForecasts out;
             const int parts = *std::ranges::max_element(part_of_network) + 1;
             for (int part = 0; part < parts; ++part) {
               const auto [train, test] = sides(part_of_network, part);
               if (auto ok = forecast_with_model(model, networks, catalogue_, train, test, 1, out); !ok) return ok;
             }
             add({protocol, target, model, network_mape(networks, out), 0, networks.size()});
             add({protocol + ", operations", target, model, module_mape(networks, out), 0, networks.size()});
             return {};
           }});
    }
  }

  static std::pair<Indices, Indices> sides(const std::vector<int>& part_of_network, int part) {
    std::pair<Indices, Indices> out;
    for (std::size_t i = 0; i < part_of_network.size(); ++i) {
      (part_of_network[i] == part ? out.second : out.first).push_back(i);
    }
    return out;
  }

  Result<void> leave_out(const Networks& networks, const std::vector<int>& part_of_network,
                         const std::vector<std::string>& models, TableForecasts& out) {
    const int parts = *std::ranges::max_element(part_of_network) + 1;
    for (int part = 0; part < parts; ++part) {
      if (interrupted()) return {};
      const auto [train, test] = sides(part_of_network, part);
      if (auto ok = ours(networks, train, test, models, out); !ok) return ok;
    }
    return {};
  }

  Result<void> ours(const Networks& networks, const Indices& train, const Indices& test,
                    const std::vector<std::string>& models, TableForecasts& out) {
    const auto pack = train_on(networks, catalogue_, train, our_options(models));
    if (!pack) return tl::unexpected(pack.error());
    return forecast_with(*pack, networks, catalogue_, test, out);
  }

  void plan_gpus() {
    for (const std::string& device : options_.quick ? std::vector<std::string>{"mi8se"} : kGpus) {
      const std::string target = device + "|gpu|float";
      const Networks& networks = targets_["tflite"][target];
      plan_split("GPU, by network", target, networks, folds_of(networks.size()), kModels, true, true);
      if (!options_.quick)
        plan_split("GPU, by family", target, networks, families_of(networks), kFewModels, false, true);
      plan_little(target, networks);
    }
    for (const auto& [device, other] : kProxies) {
      if (options_.quick) break;
      const std::string target = device + "|gpu|float";
      const Networks& networks = targets_["tflite"][target];
      const Networks& others = targets_["tflite"][other + "|gpu|float"];
      jobs_.push_back({job_name({"few networks and another device's pack", target}), [=, this, &networks, &others] {
                         return few_and_proxy(target, networks, others, {10, 20, 30, 50});
                       }});
    }
  }

  /// The network of all kernel classes by itself, device by device and with the devices as further tasks.
  void plan_medn() {
    if (options_.quick) return;
    for (const bool together : {false, true}) {
      const std::string protocol = together ? "MEDN, GPUs as tasks, operations" : "MEDN, each GPU alone, operations";
      jobs_.push_back({protocol, [=, this] { return medn(protocol, together); }});
    }
  }

  Result<void> medn(const std::string& protocol, bool together) {
    std::vector<TrainingSet> sets;
    for (const std::string& device : kGpus) {
      sets.push_back(make_training_set(targets_.at("tflite").at(device + "|gpu|float"), catalogue_));
    }
    std::vector<PreparedSet> prepared;
    for (const TrainingSet& set : sets) {
      auto one = prepare(set);
      if (!one) return tl::unexpected(one.error());
      prepared.push_back(std::move(*one));
    }
    StudyOptions options = our_options({"medn"}).study;
    options.families = false;
    options.folds = kFolds;
    std::vector<std::vector<Subject>> groups;
    for (std::size_t d = 0; d < sets.size(); ++d) {
      if (d == 0 || !together) groups.emplace_back();
      groups.back().push_back({sets[d], prepared[d]});
    }
    std::size_t device = 0;
    for (const auto& group : groups) {
      const auto studies = make_studies(group, options);
      if (!studies) return tl::unexpected(studies.error());
      for (std::size_t s = 0; s < group.size(); ++s) {
        const double error = joint_mape(group[s].prepared, (*studies)[s]);
        add({protocol, kGpus[device++] + "|gpu|float", "ours", error, 0, group[s].set.networks.size()});
      }
    }
    return {};
  }

  /// Few training networks: drawn at random, or chosen by their operation lists.
  void plan_little(const std::string& target, const Networks& networks) {
    for (const std::size_t count : options_.quick ? Indices{10, 30} : Indices{10, 20, 30, 50}) {
      const std::string name = std::to_string(count) + " networks";
      const int draws = options_.quick ? kQuickDraws : kDraws;
      jobs_.push_back({job_name({name, "at random", target}), [=, this, &networks]() -> Result<void> {
                         return draw(name + " at random", target, networks, count, draws);
                       }});
      jobs_.push_back({job_name({name, "by design", target}), [=, this, &networks]() -> Result<void> {
                         return design(name + " by design", target, networks, count);
                       }});
    }
  }

  Result<void> draw(const std::string& protocol, const std::string& target, const Networks& networks, std::size_t count,
                    int draws) {
    std::map<std::string, std::vector<double>> errors;
    for (int d = 0; d < draws; ++d) {
      if (interrupted()) return {};
      Indices order(networks.size());
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
      std::mt19937_64 random(derive_seed(1, "draw", static_cast<std::uint64_t>(d)));
      for (std::size_t i = 0; i < count; ++i) std::swap(order[i], order[i + random() % (order.size() - i)]);
      const Indices train(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count));
      const Indices test(order.begin() + static_cast<std::ptrdiff_t>(count), order.end());
      TableForecasts out;
      if (auto ok = ours(networks, train, test, kFewModels, out); !ok) return ok;
      errors["ours"].push_back(network_mape(networks, out));
      for (const char* model : {"lasso", "forest", "gbdt"}) {
        TableForecasts reference;
        if (auto ok = forecast_with_model(model, networks, catalogue_, train, test, 1, reference); !ok) return ok;
        errors[model].push_back(network_mape(networks, reference));
      }
    }
    for (const auto& [method, all] : errors) {
      const Eigen::Map<const Eigen::VectorXd> values(all.data(), static_cast<Eigen::Index>(all.size()));
      const double spread =
          std::sqrt((values.array() - values.mean()).square().sum() / std::max<double>(1.0, double(all.size()) - 1.0));
      add({protocol, target, method, values.mean(), spread, networks.size() - count});
    }
    return {};
  }

  Result<void> design(const std::string& protocol, const std::string& target, const Networks& networks,
                      std::size_t count) {
    const TrainingSet set = make_training_set(networks, catalogue_);
    const std::vector<int> folds = folds_of(networks.size());
    TableForecasts out;
    for (int fold = 0; fold < kFolds; ++fold) {
      if (interrupted()) return {};
      const auto [pool, test] = sides(folds, fold);
      if (auto ok = ours(networks, design_networks(set, pool, count), test, kFewModels, out); !ok) return ok;
    }
    add({protocol, target, "ours", network_mape(networks, out), 0, networks.size()});
    return {};
  }

  void plan_cpus() {
    for (const auto& [target, networks] : targets_["tflite"]) {
      if (networks.empty() || target.find("|gpu|") != std::string::npos) continue;
      const std::size_t bar = target.find('|');
      const std::string cores = target.substr(bar + 1, target.rfind('|') - bar - 1);
      const bool one =
          cores[0] == '1' && std::ranges::count_if(cores, [](char c) { return c >= '0' && c <= '9'; }) == 1;
      const bool floating = target.ends_with("|float");
      if (options_.quick && !(one && floating && target.starts_with("pixel4"))) continue;
      if (!one && floating) {
        const std::string single = single_core(target.substr(0, bar), cores);
        jobs_.push_back({job_name({"n cores from one", target}),
                         [=, this, &networks] { return from_one_core(target, networks, single); }});
      }
      const std::string kind = std::string(one ? "CPU, one core" : "CPU, several cores") + (floating ? "" : ", int8");
      plan_split(kind + ", by network", target, networks, folds_of(networks.size()), kModels, false, one && floating);
      if (one && floating)
        plan_split(kind + ", by family", target, networks, families_of(networks), kModels, false, true);
    }
  }

  /// The same device's single core of that kind, or the fastest of the combination.
  static std::string single_core(const std::string& device, const std::string& cores) {
    for (const char* kind : {"large", "med", "small"}) {
      if (cores.find(kind) != std::string::npos) return device + "|1" + kind + "|float";
    }
    return {};
  }

  /// Several cores, with the pack of one core as a proxy: as it is, and where the network's latency on it is known.
  Result<void> from_one_core(const std::string& target, const Networks& networks, const std::string& one) {
    const Networks& singles = targets_.at("tflite").at(one);
    std::map<std::string, double> known_ns;
    std::map<std::string, std::size_t> single_of;
    for (std::size_t i = 0; i < singles.size(); ++i) {
      known_ns[singles[i].name] = singles[i].total_ns;
      single_of[singles[i].name] = i;
    }
    const std::vector<int> folds = folds_of(networks.size());
    TableForecasts plain, related;
    for (int fold = 0; fold < kFolds; ++fold) {
      if (interrupted()) return {};
      const auto [train, test] = sides(folds, fold);
      Indices train_single;
      for (const std::size_t i : train) {
        if (const auto found = single_of.find(networks[i].name); found != single_of.end())
          train_single.push_back(found->second);
      }
      const auto proxy = train_on(singles, catalogue_, train_single, our_options(kModels));
      if (!proxy) return tl::unexpected(proxy.error());
      if (auto ok = beside(*proxy, networks, train, test, plain); !ok) return ok;
      const auto ratios = known_ratios(networks, catalogue_, *proxy, known_ns);
      if (!ratios) return tl::unexpected(ratios.error());
      Networks rest = networks;
      divide_totals(rest, *ratios);
      if (auto ok = beside(*proxy, rest, train, test, related); !ok) return ok;
      for (const std::size_t i : test) {
        for (auto* values : {&related.forecast_ns, &related.lower_ns, &related.upper_ns}) (*values)[i] *= (*ratios)[i];
      }
    }
    add({"CPU, several cores, one core's pack", target, "ours", network_mape(networks, plain), 0, networks.size()});
    add({"CPU, n cores from one", target, "ours", network_mape(networks, related), 0, networks.size()});
    return {};
  }

  Result<void> beside(const PackContent& proxy, const Networks& networks, const Indices& train, const Indices& test,
                      TableForecasts& out) {
    TrainOptions options = our_options(kFewModels);
    options.priors = {&proxy, 1};
    const auto pack = train_on(networks, catalogue_, train, options);
    if (!pack) return tl::unexpected(pack.error());
    return forecast_with(*pack, networks, catalogue_, test, out);
  }

  /// Few networks of this device, and the pack of another one, made from all training networks.
  Result<void> few_and_proxy(const std::string& target, const Networks& networks, const Networks& others,
                             const Indices& counts) {
    const std::vector<int> folds = folds_of(networks.size());
    std::map<std::size_t, TableForecasts> out;
    std::map<std::string, std::size_t> other_of;
    for (std::size_t i = 0; i < others.size(); ++i) other_of[others[i].name] = i;
    for (int fold = 0; fold < kFolds; ++fold) {
      if (interrupted()) return {};
      auto [pool, test] = sides(folds, fold);
      Indices seen;
      for (const std::size_t i : pool) {
        if (const auto found = other_of.find(networks[i].name); found != other_of.end()) seen.push_back(found->second);
      }
      const auto proxy = train_on(others, catalogue_, seen, our_options(kFewModels));
      if (!proxy) return tl::unexpected(proxy.error());
      std::mt19937_64 random(derive_seed(1, "proxy", static_cast<std::uint64_t>(fold)));
      std::shuffle(pool.begin(), pool.end(), random);
      for (const std::size_t count : counts) {
        const Indices train(pool.begin(), pool.begin() + static_cast<std::ptrdiff_t>(std::min(count, pool.size())));
        if (auto ok = beside(*proxy, networks, train, test, out[count]); !ok) return ok;
      }
    }
    for (const auto& [count, forecasts] : out) {
      add({std::to_string(count) + " networks and another device's pack", target, "ours",
           network_mape(networks, forecasts), 0, networks.size()});
    }
    return {};
  }

  void plan_vulkan() {
    for (const char* device : {"pixel4", "s10", "onefusion"}) {
      if (options_.quick && std::string_view(device) != "onefusion") continue;
      const std::string target = std::string(device) + "|gpu|float";
      const Networks& networks = targets_["torch"][target];
      plan_split("Vulkan, by network", target, networks, folds_of(networks.size()), kModels, !options_.quick, true);
    }
  }

  const MobileOptions& options_;
  Console& console_;
  Catalogue catalogue_;
  std::filesystem::path file_;
  std::map<std::string, std::map<std::string, Networks>> targets_;  // engine -> target
  std::vector<Job> jobs_;
  std::mutex lock_;
  MobileFigures figures_;
};

}  // namespace

double MobileFigures::mean(const std::string& protocol, const std::string& method) const {
  double sum = 0, count = 0;
  for (const Figure& one : all) {
    if (one.protocol != protocol || one.method != method) continue;
    sum += one.error;
    count += 1;
  }
  return count > 0 ? sum / count : std::nan("");
}

Result<MobileFigures> run_mobile_protocols(const MobileOptions& options, Console& console) {
  MobileBench bench(options, console);
  const auto loaded = bench.load();
  bench.forget();
  if (!loaded) return tl::unexpected(loaded.error());
  if (auto ok = bench.run(); !ok) return tl::unexpected(ok.error());
  return bench.figures();
}

}  // namespace latcast::cli
