// Files are written whole or not at all, wherever they lead to.
#include "core/output_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <thread>

#include "scratch.h"

namespace latcast {
namespace {

namespace fs = std::filesystem;
using test::contains;

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

class OutputFile : public test::ScratchTest {
 protected:
  void write(const std::string& file, const std::string& text) const {
    const auto done = write_file(file, bytes(text));
    ASSERT_TRUE(done.has_value()) << done.error().context;
  }
  void refuse(const std::string& file, const std::string& why) const {
    for (const auto& done : {check_writable(file), write_file(file, bytes("new"))}) {
      ASSERT_FALSE(done.has_value()) << file;
      EXPECT_EQ(done.error().code, Errc::io);
      EXPECT_TRUE(contains(done.error().context, file) && contains(done.error().context, why)) << done.error().context;
    }
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream stream(at(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
  [[nodiscard]] mode_t mode(const std::string& name) const {
    struct stat info{};
    stat(at(name).c_str(), &info);
    return info.st_mode & 0777;
  }
  [[nodiscard]] std::ptrdiff_t files() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }
};

TEST_F(OutputFile, IsMadeOrReplacedAndNothingIsLeftBeside) {
  const mode_t mask = umask(027);
  write(at("new"), "one");
  umask(mask);
  EXPECT_EQ(mode("new"), 0640U);
  write(at("new"), "two");
  EXPECT_EQ(read("new"), "two");
  write(at("new"), "");
  EXPECT_EQ(read("new"), "");
  EXPECT_EQ(files(), 1);
}

TEST_F(OutputFile, KeepsTheModeOfTheOneThatItReplaces) {
  put("private", "old");
  ASSERT_EQ(chmod(at("private").c_str(), 0600), 0);
  write(at("private"), "new");
  EXPECT_EQ(mode("private"), 0600U);
}

TEST_F(OutputFile, ThatIsReadOnlyIsRefused) {
  put("kept", "old");
  ASSERT_EQ(chmod(at("kept").c_str(), 0444), 0);
  refuse(at("kept"), "read-only (chmod u+w");
  EXPECT_EQ(read("kept"), "old");
  EXPECT_EQ(mode("kept"), 0444U);
  EXPECT_EQ(files(), 1);
}

TEST_F(OutputFile, WhereNoneCanBeIsRefused) {
  refuse(at("none/new"), "No such file");
  refuse(folder_.string(), "Is a directory");
  refuse(put("file", "old") + "/new", "Not a directory");
  refuse("", "no name");
  fs::create_symlink("round", at("round"));
  refuse(at("round"), "symbolic links");
}

TEST_F(OutputFile, IsWrittenThroughLinks) {
  fs::create_directory(at("folder"));
  put("folder/target", "old");
  fs::create_symlink("folder/target", at("near"));
  fs::create_symlink(at("near"), at("far"));
  write(at("far"), "new");
  EXPECT_EQ(read("folder/target"), "new");
  EXPECT_TRUE(fs::is_symlink(at("near")) && fs::is_symlink(at("far")));
  fs::create_symlink("folder/fresh", at("dangling"));
  write(at("dangling"), "first");
  EXPECT_EQ(read("folder/fresh"), "first");
  EXPECT_TRUE(fs::is_symlink(at("dangling")));
}

TEST_F(OutputFile, WhatIsNoPlainFileIsWrittenToAsItIs) {
  ASSERT_EQ(mkfifo(at("fifo").c_str(), 0600), 0);
  std::string got;
  std::thread reader([&] { got = read("fifo"); });
  write(at("fifo"), "through");
  reader.join();
  EXPECT_EQ(got, "through");
  EXPECT_TRUE(fs::is_fifo(at("fifo")));
  write("/dev/null", "away");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  const auto full = write_file("/dev/full", bytes("too much"));
  ASSERT_FALSE(full.has_value());
  EXPECT_TRUE(contains(full.error().context, "/dev/full: No space left")) << full.error().context;
}

TEST_F(OutputFile, ADescriptorOfThisProcessIsWrittenToWhereItIs) {
  const int descriptor = open(at("log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(::write(descriptor, "head ", 5), 5);
  const std::string number = std::to_string(descriptor);
  fs::create_symlink("/dev/fd/" + number, at("link"));
  for (const std::string& name : {"/dev/fd/" + number, "/proc/self/fd/" + number, at("link")}) write(name, "more ");
  close(descriptor);
  EXPECT_EQ(read("log"), "head more more more ");
  refuse("/dev/fd/" + number, "Bad file descriptor");
}

TEST_F(OutputFile, OfTwoWritersAtOnceOneWins) {
  const std::string texts[] = {std::string(100000, 'a'), std::string(200000, 'b')};
  const auto write_often = [&](const std::string& text) {
    for (int i = 0; i < 50; ++i) write(at("shared"), text);
  };
  std::thread other(write_often, texts[0]);
  for (int i = 0; i < 50; ++i) {
    write(at("shared"), texts[1]);
    const std::string found = read("shared");
    EXPECT_TRUE(found == texts[0] || found == texts[1]) << found.size();
  }
  other.join();
  EXPECT_EQ(files(), 1);
}

using OutputFileDeathTest = OutputFile;

TEST_F(OutputFileDeathTest, ThatIsBegunIsRemovedWhereTheProcessEnds) {
  const auto end_within = [&] {
    signal(SIGXFSZ, [](int) {
      remove_unfinished();
      _exit(7);
    });
    const rlimit small{1000, 1000};
    setrlimit(RLIMIT_FSIZE, &small);
    (void)write_file(at("large"), bytes(std::string(5000, 'x')));
  };
  EXPECT_EXIT(end_within(), testing::ExitedWithCode(7), "");
  EXPECT_EQ(files(), 0);
}

TEST_F(OutputFile, OnAFullDiskTheOldOneStays) {
  put("kept", "old");
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const auto done = write_file(at("kept"), bytes(std::string(5000, 'x')));
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  EXPECT_FALSE(done.has_value());
  EXPECT_EQ(read("kept"), "old");
  EXPECT_EQ(files(), 1);
}

}  // namespace
}  // namespace latcast
