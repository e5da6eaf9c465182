// A worker on "another machine": OpenSSH's daemon on loopback, with keys and a port of its own.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>

#include "engine/worker/worker.h"
#include "graph/net_builder.h"
#include "must.h"
#include "scratch.h"

namespace latcast {
namespace {

using namespace std::chrono_literals;

constexpr const char* kDaemon = "/usr/sbin/sshd";

/// One that nobody listens on.
int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool bound = bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(socket);
  return bound ? ntohs(address.sin_port) : 0;
}

class SshWorker : public test::ScratchTest {
 protected:
  void SetUp() override {
    if (access(kDaemon, X_OK) != 0) GTEST_SKIP() << "there is no " << kDaemon << " (openssh-server)";
    ScratchTest::SetUp();
    if (getuid() == 0) std::filesystem::create_directories("/run/sshd");  // as the package's service does
    for (const char* key : {"host", "own"}) {
      const std::string make = "ssh-keygen -q -t ed25519 -N '' -f " + at(key);
      ASSERT_EQ(std::system(make.c_str()), 0) << make;  // NOLINT(cert-env33-c): keys of the test's own
    }
    port_ = free_port();
    put("sshd_config", "ListenAddress 127.0.0.1\nPort " + std::to_string(port_) + "\nHostKey " + at("host") +
                           "\nAuthorizedKeysFile " + at("own.pub") + "\nPidFile " + at("pid") +
                           "\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n");
    daemon_ = fork();
    if (daemon_ == 0) {
      setpgid(0, 0);
      execl(kDaemon, kDaemon, "-D", "-f", at("sshd_config").c_str(), "-E", at("log").c_str(), nullptr);
      _exit(127);
    }
    for (int tries = 0; tries < 500 && !std::filesystem::exists(at("pid")); ++tries) std::this_thread::sleep_for(20ms);
    ASSERT_TRUE(std::filesystem::exists(at("pid"))) << log();
  }

  void TearDown() override {
    if (daemon_ > 0) {
      kill(daemon_, SIGTERM);
      waitpid(daemon_, nullptr, 0);
    }
    if (!folder_.empty()) ScratchTest::TearDown();
  }

  [[nodiscard]] std::string ssh(const std::string& there) const {
    return "ssh -F none -p " + std::to_string(port_) + " -i " + at("own") +
           " -o BatchMode=yes -o StrictHostKeyChecking=no -o LogLevel=ERROR -o UserKnownHostsFile=" + at("known") +
           " " + getpwuid(getuid())->pw_name + "@127.0.0.1 '" + there + "'";
  }
  [[nodiscard]] std::string log() const {
    std::ifstream stream(at("log"));
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
  [[nodiscard]] static Worker worker(const std::string& command) {
    WorkerLimits limits{60s, 0};
    limits.first_pause = 10ms;
    return {"fake", {.library = "", .worker = command}, limits};
  }

  int port_ = 0;
  pid_t daemon_ = -1;
};

TEST_F(SshWorker, MeasuresFilesThatTravelBehindABanner) {
  put("chain.onnx", test::must(onnx::write_model(test::relu_chain(3), onnx::Weights::materialize)));
  MeasureRequest request;
  request.model.file = at("chain.onnx");
  request.model.inputs = {{"t0", onnx::DataType::float32, {1, 8}}};
  request.burst = {Nanos(1e12), 1, 3, 3};
  Worker there = worker(ssh("echo Welcome to the board; cd /; " LATCAST_BINARY " worker"));
  const auto reply = there.measure(request);
  ASSERT_TRUE(reply) << reply.error().context << log();
  EXPECT_EQ(reply->runs_ns.size(), 3U);
  EXPECT_EQ(test::must(there.info()).name, "fake");
}

TEST_F(SshWorker, AConnectionThatBreaksIsMadeAnew) {
  // Each worker writes down which process of the daemon serves its connection.
  Worker there = worker(ssh("echo $PPID > " + at("there") + "; exec " LATCAST_BINARY " worker"));
  ASSERT_TRUE(there.info()) << log();
  int process = 0;
  std::ifstream(at("there")) >> process;
  ASSERT_GT(process, 0);
  kill(process, SIGKILL);
  EXPECT_FALSE(there.info());  // it may have been the question's fault
  const auto again = there.info();
  EXPECT_TRUE(again) << (again ? "" : again.error().context) << log();
  int other = 0;
  std::ifstream(at("there")) >> other;
  EXPECT_NE(other, process);
}

TEST_F(SshWorker, WhereNoLatcastIsTheErrorSaysWhatTheShellSaid) {
  Worker there = worker(ssh("/no/latcast worker"));
  const auto info = there.info();
  ASSERT_FALSE(info);
  EXPECT_TRUE(test::contains(info.error().context, "/no/latcast")) << info.error().context;
}

}  // namespace
}  // namespace latcast
