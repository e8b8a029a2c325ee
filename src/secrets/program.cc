// SPDX-License-Identifier: Apache-2.0
#include "secrets/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/descriptor.h"
#include "base/limits.h"

namespace valetkey::secrets {
namespace {

// How long the injected clock may go unasked: it can run faster than the machine's.
constexpr std::chrono::milliseconds clock_check_interval{100};

/// glibc 2.36 declares pidfd_open for C alone.
int open_process(pid_t pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

/// How the child is set up: no input, no error output, a group and signals of its own.
class SpawnPlan {
 public:
  explicit SpawnPlan(int output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    sigset_t restored;
    // What our host ignores must not stay ignored in a program that knows nothing of it.
    sigfillset(&restored);
    sigdelset(&restored, SIGKILL);
    sigdelset(&restored, SIGSTOP);
    posix_spawnattr_setsigdefault(&attributes_, &restored);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  int spawn(pid_t& pid, const std::vector<std::string>& words) const {
    std::vector<char*> arguments;
    // posix_spawn promises not to write through them.
    for (const auto& word : words)
      arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    return posix_spawnp(&pid, arguments.front(), &actions_, &attributes_, arguments.data(),
                        environ);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

/// A child: reaped when this dies, and its group killed first unless it has ended by itself.
class Child {
 public:
  Child(pid_t pid, base::Descriptor output)
      : pid_(pid), output_(std::move(output)), ended_(open_process(pid)), error_(errno) {}
  ~Child() {
    if (status_) return;
    kill(-pid_, SIGKILL);
    reap();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Why its end cannot be watched for; 0: it can.
  int watch_error() const { return ended_ ? 0 : error_; }

  /// Reads until the child has ended, or the room is full, or the deadline is there. How many bytes
  /// there are; nothing at the deadline.
  std::optional<std::size_t> read_all(char* to, std::size_t room, Deadline deadline,
                                      const Clock& clock) {
    std::size_t filled = 0;
    bool open = true;
    for (;;) {
      const auto left = deadline.left(clock.now());
      if (left == std::chrono::nanoseconds::zero()) return std::nullopt;
      const auto pause = std::chrono::ceil<std::chrono::milliseconds>(
          std::min<std::chrono::nanoseconds>(left, clock_check_interval));
      std::array<pollfd, 2> watched = {pollfd{open ? output_.get() : -1, POLLIN, 0},
                                       pollfd{ended_.get(), POLLIN, 0}};
      poll(watched.data(), watched.size(), static_cast<int>(pause.count()));
      const bool has_ended = (watched[1].revents & POLLIN) != 0;
      while (open && filled < room) {
        const ssize_t got = read(output_.get(), to + filled, room - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) break;  // EAGAIN: nothing yet
        open = got > 0;
        filled += static_cast<std::size_t>(got);
      }
      if (has_ended || filled == room) return filled;
    }
  }

  /// Precondition: it has ended.
  int wait_status() {
    reap();
    return *status_;
  }

 private:
  void reap() {
    int status = -1;  // stays when the program around us has SIGCHLD ignored
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    status_ = status;
  }

  const pid_t pid_;
  const base::Descriptor output_;
  const base::Descriptor ended_;
  const int error_;
  std::optional<int> status_{};
};

Result<void> check_status(int status, const std::string& program) {
  if (status == 0) return {};
  const std::string hint = "run it by hand and see why";
  if (status == -1) {
    return fail(Errc::secret_unavailable, program + " ended, and how is not known",
                "SIGCHLD must not be ignored");
  }
  if (WIFSIGNALED(status)) {
    return fail(Errc::secret_unavailable,
                program + " was ended by signal " + std::to_string(WTERMSIG(status)), hint);
  }
  return fail(Errc::secret_unavailable,
              program + " failed with exit status " + std::to_string(WEXITSTATUS(status)), hint);
}

Result<Secret> collect(Child& child, const std::string& program, Deadline deadline,
                       const Clock& clock) {
  std::optional<std::size_t> count;
  const Secret room = Secret::filled(
      base::secret_file_bytes_max + 1,
      [&](char* to, std::size_t size) { count = child.read_all(to, size, deadline, clock); });
  if (!count) return fail(Errc::timed_out, program + " did not end before the deadline");
  if (*count > base::secret_file_bytes_max) {
    return fail(Errc::secret_unavailable, program + " printed more than 64 KiB",
                "it must print the secret and nothing else");
  }
  auto sound = check_status(child.wait_status(), program);
  if (!sound) return failure_of(std::move(sound));
  return room.reveal([&](std::string_view bytes) { return Secret(bytes.substr(0, *count)); });
}

}  // namespace

Result<Secret> run_program(const std::vector<std::string>& words, Deadline deadline, Clock& clock) {
  VALETKEY_ASSERT(!words.empty());
  const std::string program = "the program " + words.front();
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return base::system_failure(errno, Errc::secret_unavailable, program + " cannot be started");
  }
  base::Descriptor reading(ends[0]);
  base::Descriptor writing(ends[1]);
  fcntl(reading.get(), F_SETFL, O_NONBLOCK);

  pid_t pid = -1;
  const int error = SpawnPlan(writing.get()).spawn(pid, words);
  if (error == ENOENT) {
    return fail(Errc::secret_unavailable, program + " does not exist",
                "write its whole path, or put it into PATH");
  }
  if (error != 0) {
    return base::system_failure(error, Errc::secret_unavailable, program + " cannot be started");
  }
  writing.reset();
  Child child(pid, std::move(reading));
  if (child.watch_error() != 0) {
    return base::system_failure(child.watch_error(), Errc::secret_unavailable,
                                program + " cannot be watched");
  }
  return collect(child, program, deadline, clock);
}

}  // namespace valetkey::secrets
