// What commands write and where, what they leave behind, and files that are none.
#include <sys/stat.h>

#include "real_engine.h"
#include "world.h"

namespace latcast {
namespace {

using test::contains;
using test::Json;
using test::Outcome;

class Files : public test::CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    test::save(test::small_cnn(), at("cnn.onnx"));
    test::fs::create_directories(at("empty"));
    test::fs::create_directories(at("home"));
  }
  [[nodiscard]] std::vector<std::string> predict(std::vector<std::string> more) const {
    more.insert(more.begin(), {"predict", at("cnn.onnx"), "--pack", test::world().pack});
    return more;
  }
  /// The command in a shell that says where its stdout goes.
  [[nodiscard]] Outcome shell(const std::string& script, const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = {"sh", "-c", script, LATCAST_BINARY};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run(all);
  }
  [[nodiscard]] test::Environment nowhere_else() const { return {{"TMPDIR", at("empty")}, {"HOME", at("home")}}; }
  void expect_nothing_left() const {
    for (const char* folder : {"empty", "home"}) {
      for (const auto& entry : test::fs::recursive_directory_iterator(at(folder))) ADD_FAILURE() << entry.path();
    }
  }
};

// ---- outputs

TEST_F(Files, StdoutByAnotherNameIsStdout) {
  for (const char* name : {"/dev/stdout", "/proc/self/fd/1", "/dev/fd/1"}) {
    const Json json = run_json(predict({std::string("--json=") + name}));
    EXPECT_EQ(json["predictions"].size(), 1U) << name;
  }
  EXPECT_TRUE(test::fs::is_symlink("/dev/stdout"));
  const Outcome piped = shell("\"$0\" \"$@\" | cat", predict({"--csv=/dev/stdout"}));
  EXPECT_TRUE(piped.out.starts_with("model,")) << piped;
}

TEST_F(Files, OutputsGoWhereTheirNamesLead) {
  test::fs::create_symlink("target.json", at("link.json"));
  EXPECT_EQ(run(predict({"--json=" + at("link.json")})).code, 0);
  EXPECT_TRUE(test::fs::is_symlink(at("link.json")));
  EXPECT_TRUE(contains(test::read_text(at("target.json")), "predictions"));
  EXPECT_EQ(run(predict({"--json=/dev/null", "--csv=/dev/null"})).code, 2);
  EXPECT_EQ(run(predict({"--json=/dev/null"})).code, 0);
  EXPECT_TRUE(test::fs::is_character_file("/dev/null"));
  const Outcome pipe = shell("\"$0\" \"$@\" 3>&1 >/dev/null | cat", predict({"--json=/dev/fd/3"}));
  EXPECT_FALSE(Json::parse(pipe.out, nullptr, false).is_discarded()) << pipe;
}

TEST_F(Files, OnlyOneOutputCanBeStdout) {
  for (const auto& both : {std::vector<std::string>{"--json", "--csv"},
                           {"--csv=/dev/stdout", "--json"},
                           {"--json=" + at("x"), "--csv=" + at("x")}}) {
    const Outcome outcome = run(predict(both));
    EXPECT_EQ(outcome.code, 2) << outcome;
    EXPECT_TRUE(contains(outcome.err, "--json") && contains(outcome.err, "--csv")) << outcome;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(Files, AMissingValueIsNotTheNextOption) {
  const Outcome outcome =
      shell("cd \"$1\"; shift; exec \"$0\" \"$@\"",
            {folder_.string(), "predict", "cnn.onnx", "--pack", test::world().pack, "--json=", "--graph", "rules"});
  EXPECT_EQ(outcome.code, 2) << outcome;
  EXPECT_TRUE(contains(outcome.err, "--json=: a value is missing")) << outcome;
  EXPECT_FALSE(test::fs::exists(at("--graph")));
}

TEST_F(Files, WhatStdoutDoesNotTakeIsAnError) {
  for (const auto& arguments : {predict({}), predict({"--csv"}), {"inspect", test::world().db}, {"rms"}, {"--help"}}) {
    const Outcome full = shell("exec \"$0\" \"$@\" > /dev/full", arguments);
    EXPECT_EQ(full.code, 1) << full;
    EXPECT_TRUE(contains(full.err, "cannot write to stdout")) << full;
  }
  const Outcome closed = shell("exec \"$0\" \"$@\" >&-", predict({}));
  EXPECT_EQ(closed.code, 1) << closed;
}

TEST_F(Files, AReadOnlyPackStays) {
  test::fs::copy_file(test::world().pack, at("kept.latpack"));
  ASSERT_EQ(chmod(at("kept.latpack").c_str(), 0444), 0);
  for (const auto& arguments :
       {std::vector<std::string>{"train", "--rms", test::kQuickModels, "--db", test::world().db, "--out"},
        std::vector<std::string>{"recalibrate", "--pack"}}) {
    std::vector<std::string> all = arguments;
    all.push_back(at("kept.latpack"));
    const Outcome outcome = run(all);
    EXPECT_EQ(outcome.code, 1) << outcome;
    EXPECT_TRUE(contains(outcome.err, at("kept.latpack") + ": it is read-only")) << outcome;
  }
  EXPECT_EQ(test::read_text(at("kept.latpack")), test::read_text(test::world().pack));
}

// ---- inputs that are no files

TEST_F(Files, AFifoIsRefusedByName) {
  test::fs::create_directories(at("types"));
  for (const char* name : {"fifo", "types/fifo.toml"}) ASSERT_EQ(mkfifo(at(name).c_str(), 0600), 0);
  const std::vector<std::string> profile = {"profile", "--engine", "fake", "--dry-run", "--budget", "1s"};
  const auto with = [&](const std::string& option, const std::string& value) {
    std::vector<std::string> all = profile;
    all.insert(all.end(), {option, value});
    return all;
  };
  for (const auto& [arguments, file] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"predict", at("cnn.onnx"), "--pack", at("fifo")}, at("fifo")},
           {{"predict", at("fifo"), "--pack", test::world().pack}, at("fifo")},
           {{"inspect", at("fifo")}, at("fifo")},
           {{"train", "--db", at("fifo"), "--out", at("x.latpack")}, at("fifo")},
           {with("--config", at("fifo")), at("fifo")},
           {with("--config", "/dev/zero"), "/dev/zero"},
           {with("--like", at("fifo")), at("fifo")},
           {with("--catalogue", at("types")), at("types/fifo.toml")}}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 1) << outcome;
    EXPECT_TRUE(contains(outcome.err, file) && contains(outcome.err, "not a regular file")) << outcome;
  }
}

TEST_F(Files, NoBudgetIsTooLongToPlan) {
  const Outcome longest = run({"profile", "--engine", "fake", "--dry-run", "--budget", "1000h"});
  EXPECT_EQ(longest.code, 0) << longest;
  const Outcome longer = run({"profile", "--engine", "fake", "--dry-run", "--budget", "1000000h"});
  EXPECT_EQ(longer.code, 2) << longer;
  EXPECT_TRUE(contains(longer.err, "at most 1000h")) << longer;
}

// ---- what is left behind

TEST_F(Files, AnInterruptedCampaignLeavesNothingButItsStore) {
  for (int turn = 0; turn < 3; ++turn) {
    test::Command command(folder_, {"profile", "--engine", "fake", "--db", at("host.db"), "--budget", "100h"},
                          nowhere_else());
    for (int tries = 0; tries < 3000 && test::fs::is_empty(at("empty")); ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    std::this_thread::sleep_for(std::chrono::milliseconds(70 * turn));
    command.send(SIGINT);
    EXPECT_EQ(command.wait().code, 130);
    expect_nothing_left();
  }
}

class RealEngineFiles : public Files {
 protected:
  void SetUp() override {
    Files::SetUp();
    if (const std::string problem = test::no_engine(); !problem.empty()) GTEST_SKIP() << problem;
  }
};

TEST_F(RealEngineFiles, TheEngineLeavesNothingAndReportsToNobody) {
  for (const auto& arguments :
       {std::vector<std::string>{"graph", at("cnn.onnx"), "--graph", "engine"},
        std::vector<std::string>{"measure", at("cnn.onnx"), "--rounds", "1", "--burst", "10ms", "--modules"}}) {
    const Outcome outcome = run(arguments, nowhere_else());
    EXPECT_EQ(outcome.code, 0) << outcome;
    expect_nothing_left();
  }
}

}  // namespace
}  // namespace latcast
