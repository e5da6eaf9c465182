#include "store/store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "must.h"

namespace latcast {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              ("latcast_store_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    file_ = (folder_ / "host.db").string();
  }
  void TearDown() override { fs::remove_all(folder_); }

  Store make() const {
    auto store = Store::create(file_, 50ms);
    if (!store) throw std::runtime_error(store.error().context);
    return std::move(*store);
  }

  static TargetRecord target(const std::string& version = "1.0") {
    return {0,
            "cpu | fake " + version,
            "cpu",
            "avx2 fma",
            "fake",
            version,
            "(built in)",
            {{"threads", "1"}, {"spinning", "default"}}};
  }

  /// A store with one campaign of `networks`, each measured in two rounds.
  static std::int64_t fill(Store& store, int networks, std::size_t blob = 100) {
    const std::int64_t id = store.ensure_target(target()).value();
    const std::int64_t campaign =
        store.add_campaign({0, id, 1700000000, "0.1.0", 7, 1e9, 0, "running", "{\"seed\":7}", {{"kernel", "6.1"}}})
            .value();
    for (int index = 0; index < networks; ++index) {
      const std::int64_t network = store
                                       .add_network({0,
                                                     campaign,
                                                     index,
                                                     "mlp/" + std::to_string(index),
                                                     "mlp",
                                                     static_cast<std::uint64_t>(index),
                                                     false,
                                                     false,
                                                     std::string(blob, 'x'),
                                                     {}})
                                       .value();
      for (int round = 0; round < 2; ++round) {
        EXPECT_TRUE(store
                        .add_measurement({network,
                                          round,
                                          1700000000000 + round,
                                          {100 + index, 101, 102},
                                          5,
                                          0.5,
                                          {50, -1},
                                          {{"pause", {3, -1}}}})
                        .has_value());
      }
    }
    return campaign;
  }

  /// The first error that opening and reading everything meets; empty: none.
  [[nodiscard]] std::string read_all() const {
    auto store = Store::open_read_only(file_);
    if (!store) return store.error().context;
    auto targets = store->targets();
    if (!targets) return targets.error().context;
    for (const TargetRecord& target : *targets) {
      auto campaigns = store->campaigns(target.id);
      if (!campaigns) return campaigns.error().context;
      for (const CampaignRecord& campaign : *campaigns) {
        auto networks = store->networks(campaign.id);
        if (!networks) return networks.error().context;
        for (const NetworkRecord& network : *networks) {
          if (auto measurements = store->measurements(network.id); !measurements) return measurements.error().context;
        }
        if (auto failures = store->failures(campaign.id); !failures) return failures.error().context;
      }
    }
    return "";
  }

  fs::path folder_;
  std::string file_;
};

TEST_F(StoreTest, GivesBackWhatWasPutIn) {
  {
    Store store = make();
    const auto id = store.ensure_target(target());
    ASSERT_TRUE(id.has_value());
    const auto campaign = store.add_campaign(
        {0, *id, 1700000000, "0.1.0", 7, 6e11, 3e9, "running", "{\"a\":1}", {{"governor", "performance"}}});
    ASSERT_TRUE(campaign.has_value());
    const auto network =
        store.add_network({0, *campaign, 3, "mlp/9", "mlp", 9, true, true, std::string("skel\0eton", 9), {}});
    ASSERT_TRUE(network.has_value());
    ASSERT_TRUE(store.set_executed(*network, std::string("exe\0cuted", 9)).has_value());
    ASSERT_TRUE(store
                    .add_measurement({*network,
                                      2,
                                      1700000000123,
                                      {9, 8, 7},
                                      42,
                                      1.25,
                                      {5, -1},
                                      {{"pause", {3, -1}}, {"spill", {1, 2}}},
                                      {{"threads", 2}, {"heat", 0.5}}})
                    .has_value());
    ASSERT_TRUE(store.add_failure(*network, 3, "it hung").has_value());
    ASSERT_TRUE(store.add_failure(*network, 4, "it hung").has_value());
    ASSERT_TRUE(store.update_campaign(*campaign, 4e9, "finished").has_value());
  }
  auto store = Store::open_read_only(file_);
  ASSERT_TRUE(store.has_value()) << store.error().context;
  const auto targets = store->targets();
  ASSERT_TRUE(targets.has_value());
  ASSERT_EQ(targets->size(), 1U);
  EXPECT_EQ(targets->front().name, target().name);
  EXPECT_EQ(targets->front().cpu_features, "avx2 fma");
  EXPECT_EQ(targets->front().settings, target().settings);
  const auto campaigns = store->campaigns(targets->front().id);
  ASSERT_EQ(campaigns->size(), 1U);
  const CampaignRecord& campaign = campaigns->front();
  EXPECT_EQ(campaign.seed, 7U);
  EXPECT_EQ(campaign.budget_ns, 6e11);
  EXPECT_EQ(campaign.spent_ns, 4e9);
  EXPECT_EQ(campaign.status, "finished");
  EXPECT_EQ(campaign.plan, "{\"a\":1}");
  EXPECT_EQ(campaign.context.at("governor"), "performance");
  const auto networks = store->networks(campaign.id);
  ASSERT_EQ(networks->size(), 1U);
  const NetworkRecord& network = networks->front();
  EXPECT_EQ(network.plan_index, 3);
  EXPECT_EQ(network.family, "mlp");
  EXPECT_TRUE(network.adaptive);
  EXPECT_TRUE(network.probe);
  EXPECT_EQ(network.skeleton, std::string("skel\0eton", 9));
  EXPECT_EQ(network.executed, std::string("exe\0cuted", 9));
  const auto measurements = store->measurements(network.id);
  ASSERT_EQ(measurements->size(), 1U);
  EXPECT_EQ(measurements->front().round, 2);
  EXPECT_EQ(measurements->front().started_unix_ms, 1700000000123);
  EXPECT_EQ(measurements->front().runs_ns, (std::vector<std::int64_t>{9, 8, 7}));
  EXPECT_EQ(measurements->front().nodes_ns, (std::vector<std::int64_t>{5, -1}));
  EXPECT_EQ(measurements->front().overheads_ns,
            (std::map<std::string, std::vector<std::int64_t>>{{"pause", {3, -1}}, {"spill", {1, 2}}}));
  EXPECT_EQ(measurements->front().conditions, (Conditions{{"threads", 2}, {"heat", 0.5}}));
  EXPECT_EQ(measurements->front().load_ns, 42);
  EXPECT_EQ(measurements->front().host_load, 1.25);
  const auto failures = store->failures(campaign.id);
  EXPECT_EQ(*failures, (std::map<std::string, std::int64_t>{{"it hung", 2}}));
}

TEST_F(StoreTest, ATargetIsOneOfItsKind) {
  Store store = make();
  const auto first = store.ensure_target(target());
  EXPECT_EQ(store.ensure_target(target()).value(), *first);
  EXPECT_NE(store.ensure_target(target("1.1")).value(), *first);
  TargetRecord threads = target();
  threads.settings["threads"] = "2";
  EXPECT_NE(store.ensure_target(threads).value(), *first);
  EXPECT_EQ(store.targets()->size(), 3U);
}

TEST_F(StoreTest, TellsWhatToResume) {
  Store store = make();
  const std::int64_t first = fill(store, 2);
  const std::int64_t second = fill(store, 3);
  const auto campaigns = store.campaigns(store.targets()->front().id);
  ASSERT_EQ(campaigns->size(), 2U);
  EXPECT_EQ(campaigns->front().id, first);
  EXPECT_EQ(campaigns->back().id, second);  // the last one is resumed
  EXPECT_EQ(store.networks(second)->size(), 3U);
  for (const NetworkRecord& network : test::must(store.networks(second)))
    EXPECT_EQ(store.measurements(network.id)->size(), 2U);
}

TEST_F(StoreTest, OverwritesNothing) {
  Store store = make();
  const std::int64_t campaign = fill(store, 1);
  const NetworkRecord network = store.networks(campaign)->front();
  EXPECT_FALSE(store.add_measurement({network.id, 0, 0, {1}, 1, 0, {1}, {}}).has_value());
  EXPECT_FALSE(store.add_network({0, campaign, 0, "other", "mlp", 0, false, false, "x", {}}).has_value());
  EXPECT_EQ(store.measurements(network.id)->front().runs_ns.size(), 3U);
}

TEST_F(StoreTest, IsAddedToWhenOpenedAgain) {
  {
    Store store = make();
    fill(store, 2);
  }
  {
    Store store = make();
    fill(store, 2);
    EXPECT_EQ(store.targets()->size(), 1U);
    EXPECT_EQ(store.campaigns(1)->size(), 2U);
  }
  EXPECT_EQ(read_all(), "");
}

/// As schema 3 had it: pauses are a column, conditions are not said.
TEST_F(StoreTest, AnOlderSchemaIsReadAsItIsAndUpgradedWhereItIsWritten) {
  std::int64_t campaign = 0;
  {
    Store store = make();
    campaign = fill(store, 2);
  }
  {
    auto database = sqlite::Database::open(file_, sqlite::Database::Mode::read_write);
    ASSERT_TRUE(
        database
            ->execute("ALTER TABLE measurements ADD COLUMN pauses_ns BLOB NOT NULL DEFAULT x'';"
                      "UPDATE measurements SET pauses_ns=(SELECT values_ns FROM overheads WHERE "
                      "measurement=measurements.id); DROP TABLE overheads; ALTER TABLE measurements DROP COLUMN "
                      "conditions_json; PRAGMA user_version=3;")
            .has_value());
  }
  const auto version = [&] {
    auto database = sqlite::Database::open(file_, sqlite::Database::Mode::read_only);
    auto select = database->prepare("PRAGMA user_version");
    EXPECT_TRUE(select->next().value());
    return select->integer(0);
  };
  const auto check = [&](Store store) {
    for (const NetworkRecord& network : test::must(store.networks(campaign))) {
      const auto measurements = test::must(store.measurements(network.id));
      ASSERT_EQ(measurements.size(), 2U);
      for (const MeasurementRecord& one : measurements) {
        EXPECT_EQ(one.overheads_ns.at("pause"), (std::vector<std::int64_t>{3, -1}));
        EXPECT_EQ(one.conditions, Conditions{});
      }
    }
  };
  check(test::must(Store::open_read_only(file_)));
  EXPECT_EQ(version(), 3);
  check(make());
  EXPECT_EQ(version(), kStoreSchemaVersion);
  check(test::must(Store::open_read_only(file_)));
  Store store = make();
  EXPECT_TRUE(store.add_measurement({1, 5, 0, {1}, 1, 0, {1}, {{"pause", {1}}}, {{"threads", 4}}}).has_value());
  EXPECT_EQ(store.measurements(1)->back().conditions, (Conditions{{"threads", 4}}));
}

TEST_F(StoreTest, RefusesANewerSchema) {
  {
    fill(*std::make_unique<Store>(make()), 1);
  }
  {
    auto database = sqlite::Database::open(file_, sqlite::Database::Mode::read_write);
    ASSERT_TRUE(database->execute("PRAGMA user_version=" + std::to_string(kStoreSchemaVersion + 1)).has_value());
  }
  for (const auto& store : {Store::create(file_).map([](const Store&) { return 0; }),
                            Store::open_read_only(file_).map([](const Store&) { return 0; })}) {
    ASSERT_FALSE(store.has_value());
    EXPECT_EQ(store.error().code, Errc::mismatch);
    EXPECT_TRUE(contains(store.error().context, "schema version " + std::to_string(kStoreSchemaVersion + 1) +
                                                    ", this latcast reads " + std::to_string(kStoreSchemaVersion) +
                                                    "; use a newer latcast"))
        << store.error().context;
  }
}

TEST_F(StoreTest, RefusesAForeignDatabase) {
  {
    auto database = sqlite::Database::open(file_, sqlite::Database::Mode::create);
    ASSERT_TRUE(database->execute("CREATE TABLE music (title TEXT)").has_value());
  }
  const auto store = Store::create(file_);
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().code, Errc::invalid_input);
  EXPECT_TRUE(contains(store.error().context, "not one of latcast's")) << store.error().context;
  auto database = sqlite::Database::open(file_, sqlite::Database::Mode::read_only);
  auto count = database->prepare("SELECT count(*) FROM sqlite_master");
  ASSERT_TRUE(count->next().value());
  EXPECT_EQ(count->integer(0), 1);  // and left as it was
}

TEST_F(StoreTest, RefusesATextFile) {
  std::ofstream(file_) << std::string(5000, 'a');
  for (const bool write : {true, false}) {
    const auto store = write ? Store::create(file_) : Store::open_read_only(file_);
    ASSERT_FALSE(store.has_value());
    EXPECT_TRUE(contains(store.error().context, "not a latcast store")) << store.error().context;
    EXPECT_TRUE(contains(store.error().context, file_)) << store.error().context;
  }
}

TEST_F(StoreTest, AnEmptyFileIsANewStoreToWriteAndNoneToRead) {
  std::ofstream(file_).close();
  const auto unreadable = Store::open_read_only(file_);
  ASSERT_FALSE(unreadable.has_value());
  EXPECT_TRUE(contains(unreadable.error().context, file_)) << unreadable.error().context;
  EXPECT_TRUE(Store::create(file_).has_value());
  EXPECT_TRUE(Store::open_read_only(file_).has_value());
}

TEST_F(StoreTest, AMissingFileIsNotMadeByReading) {
  const auto store = Store::open_read_only(file_);
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().code, Errc::not_found);
  EXPECT_FALSE(fs::exists(file_));
}

TEST_F(StoreTest, AFolderThatIsNotThereIsAnError) {
  const auto store = Store::create((folder_ / "none" / "host.db").string());
  ASSERT_FALSE(store.has_value());
  EXPECT_TRUE(contains(store.error().context, "cannot be opened")) << store.error().context;
  EXPECT_FALSE(Store::create(folder_.string()).has_value());
}

TEST_F(StoreTest, SaysThatItIsLocked) {
  {
    fill(*std::make_unique<Store>(make()), 1);
  }
  auto other = sqlite::Database::open(file_, sqlite::Database::Mode::read_write);
  ASSERT_TRUE(other->execute("BEGIN IMMEDIATE").has_value());
  auto store = Store::create(file_, 50ms);
  ASSERT_TRUE(store.has_value()) << store.error().context;  // readers are not kept out
  EXPECT_EQ(store->targets()->size(), 1U);
  const auto campaign = store->add_campaign({0, 1, 0, "0.1.0", 1, 1, 0, "running", "{}", {}});
  ASSERT_FALSE(campaign.has_value());
  EXPECT_EQ(campaign.error().code, Errc::io);
  EXPECT_TRUE(contains(campaign.error().context, "locked by another process")) << campaign.error().context;
  ASSERT_TRUE(other->execute("COMMIT").has_value());
  EXPECT_TRUE(store->add_campaign({0, 1, 0, "0.1.0", 1, 1, 0, "running", "{}", {}}).has_value());
}

TEST_F(StoreTest, SaysThatItIsReadOnly) {
  {
    fill(*std::make_unique<Store>(make()), 1);
  }
  auto store = Store::open_read_only(file_);
  const auto campaign = store->add_campaign({0, 1, 0, "0.1.0", 1, 1, 0, "running", "{}", {}});
  ASSERT_FALSE(campaign.has_value());
  EXPECT_EQ(campaign.error().code, Errc::io);
  EXPECT_TRUE(contains(campaign.error().context, "cannot be written")) << campaign.error().context;
}

/// Root may write everywhere; for as long as this lives, we are nobody.
class Unprivileged {
 public:
  Unprivileged() { EXPECT_TRUE(geteuid() != 0 || seteuid(65534) == 0); }
  ~Unprivileged() { EXPECT_EQ(seteuid(getuid()), 0); }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;
};

TEST_F(StoreTest, IsReadWhereNothingCanBeWritten) {
  file_ = (folder_ / "100%?#.db").string();
  {
    fill(*std::make_unique<Store>(make()), 2);
  }
  ASSERT_EQ(chmod(file_.c_str(), 0444), 0);
  {
    const Unprivileged nobody;  // root's file in root's folder
    EXPECT_EQ(read_all(), "");
  }
  std::ofstream(file_ + "-wal").flush();  // as a reader leaves it that was killed
  ASSERT_EQ(chmod(folder_.c_str(), 0555), 0);
  {
    const Unprivileged nobody;
    EXPECT_EQ(read_all(), "");
    EXPECT_EQ(Store::open_read_only(file_)->networks(1)->size(), 2U);
    const auto store = Store::create(file_);
    ASSERT_FALSE(store.has_value());
    EXPECT_TRUE(contains(store.error().context, file_ + ": cannot be ")) << store.error().context;
  }
  chmod(folder_.c_str(), 0755);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 2);
}

TEST_F(StoreTest, AFifoIsNone) {
  ASSERT_EQ(mkfifo(file_.c_str(), 0600), 0);
  for (const auto& store : {Store::create(file_), Store::open_read_only(file_)}) {
    ASSERT_FALSE(store.has_value());
    EXPECT_TRUE(contains(store.error().context, file_ + ": cannot be opened (not a regular file)"))
        << store.error().context;
  }
}

TEST_F(StoreTest, IsMadeByManyProcessesAtOnce) {
  for (int turn = 0; turn < 5; ++turn) {
    file_ = (folder_ / (std::to_string(turn) + ".db")).string();
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    std::vector<pid_t> processes;
    for (int i = 0; i < 8; ++i) {
      processes.push_back(fork());
      if (processes.back() != 0) continue;
      char all = 0;
      close(ready[1]);
      (void)!read(ready[0], &all, 1);  // until the other end is closed
      auto store = Store::create(file_);
      const bool good = store && store->ensure_target(target()) && store->targets()->size() == 1;
      if (!store) fprintf(stderr, "%s\n", store.error().context.c_str());
      _exit(good ? 0 : 1);
    }
    close(ready[0]);
    close(ready[1]);
    for (const pid_t process : processes) {
      int status = 0;
      waitpid(process, &status, 0);
      EXPECT_EQ(status, 0);
    }
  }
}

TEST_F(StoreTest, AHalfWrittenFileIsAnError) {
  {
    fill(*std::make_unique<Store>(make()), 40, 2000);
  }
  ASSERT_EQ(read_all(), "");
  std::ifstream stream(file_, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  ASSERT_GT(whole.size(), 50000U);
  for (std::size_t size = 1; size + 4096 < whole.size(); size += std::max<std::size_t>(1000, whole.size() / 40)) {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
    const std::string problem = read_all();
    EXPECT_TRUE(contains(problem, "store " + file_)) << size << ": '" << problem << "'";
  }
}

TEST_F(StoreTest, DamageIsAnErrorAtMost) {
  {
    fill(*std::make_unique<Store>(make()), 40, 2000);
  }
  std::ifstream stream(file_, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  for (std::size_t at = 0; at < whole.size(); at += whole.size() / 60) {
    std::string damaged = whole;
    for (std::size_t i = at; i < std::min(at + 16, whole.size()); ++i) damaged[i] = static_cast<char>(~damaged[i]);
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << damaged;
    (void)read_all();  // may or may not notice; must return
  }
}

/// Files of this process may not grow beyond `bytes`, as on a disk that is full.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST_F(StoreTest, AFullDiskKeepsWhatWasThere) {
  Store store = make();
  const std::int64_t campaign = fill(store, 3);
  std::string problem;
  {
    const SmallDisk disk(200000);
    for (int index = 3; index < 200 && problem.empty(); ++index) {
      const auto added = store.add_network(
          {0, campaign, index, "mlp/" + std::to_string(index), "mlp", 0, false, false, std::string(5000, 'x'), {}});
      if (!added) problem = added.error().context;
    }
  }
  EXPECT_TRUE(contains(problem, "disk")) << problem;
  EXPECT_GE(store.networks(campaign)->size(), 3U);
  EXPECT_EQ(read_all(), "");
}

TEST_F(StoreTest, ADiskThatIsFullFromTheStartIsAnError) {
  const SmallDisk disk(1000);
  const auto store = Store::create(file_);
  ASSERT_FALSE(store.has_value());
  EXPECT_TRUE(contains(store.error().context, "disk")) << store.error().context;
}

TEST(Sqlite, SaysThatTheDiskIsFull) {
  auto database = sqlite::Database::open(":memory:", sqlite::Database::Mode::create);
  ASSERT_TRUE(database->execute("PRAGMA max_page_count=4; CREATE TABLE t (x BLOB);").has_value());
  const auto full = database->execute("INSERT INTO t VALUES (zeroblob(100000))");
  ASSERT_FALSE(full.has_value());
  EXPECT_TRUE(contains(full.error().context, "the disk is full")) << full.error().context;
  EXPECT_TRUE(contains(full.error().context, "--resume")) << full.error().context;
}

}  // namespace
}  // namespace latcast
