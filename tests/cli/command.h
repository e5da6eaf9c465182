// Runs build/latcast as scripts do: arguments and environment in, exit code and both streams out.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace latcast::test {

namespace fs = std::filesystem;
using Json = nlohmann::json;

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

inline std::string read_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

inline void write_text(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

struct Outcome {
  int code = -1;  // 128 + signal where one ended it
  std::string out, err;
};

inline std::ostream& operator<<(std::ostream& stream, const Outcome& outcome) {
  return stream << "exit " << outcome.code << "\n--- stdout\n"
                << outcome.out.substr(0, 4000) << "\n--- stderr\n"
                << outcome.err.substr(0, 4000);
}

using Environment = std::vector<std::pair<std::string, std::string>>;

/// A running command; its streams go to files in `folder`.
class Command {
 public:
  Command(const fs::path& folder, const std::vector<std::string>& arguments, const Environment& environment = {})
      : folder_(folder) {
    pid_ = fork();
    if (pid_ != 0) return;
    redirect("/dev/null", O_RDONLY, STDIN_FILENO);
    redirect((folder / "stdout").string(), O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
    redirect((folder / "stderr").string(), O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
    unsetenv("LATCAST_ONNXRUNTIME");
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    std::vector<std::string> all = arguments;
    if (all.empty() || all.front() != "sh") all.insert(all.begin(), LATCAST_BINARY);
    std::vector<char*> raw;
    for (std::string& argument : all) raw.push_back(argument.data());
    raw.push_back(nullptr);
    execvp(raw.front(), raw.data());
    _exit(127);
  }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  ~Command() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  void send(int number) const { ::kill(pid_, number); }

  Outcome wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), read_text(folder_ / "stdout"),
            read_text(folder_ / "stderr")};
  }

 private:
  static void redirect(const std::string& file, int flags, int to) {
    dup2(open(file.c_str(), flags | O_CLOEXEC, 0644), to);
  }
  fs::path folder_;
  pid_t pid_ = -1;
};

/// A folder of its own for each test, which is also where its models are.
class CliTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(testing::TempDir()) /
              ("latcast_" + std::string(info->test_suite_name()) + "_" + info->name() + "_" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override {
    if (!HasFailure()) fs::remove_all(folder_);
  }

  [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] Outcome run(const std::vector<std::string>& arguments, const Environment& environment = {}) const {
    return Command(folder_, arguments, environment).wait();
  }
  /// The JSON that a command writes to stdout.
  [[nodiscard]] Json run_json(const std::vector<std::string>& arguments, int code = 0) const {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, code) << outcome;
    Json json = Json::parse(outcome.out, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << outcome;
    return json;
  }

  fs::path folder_;
};

}  // namespace latcast::test
