// SPDX-License-Identifier: Apache-2.0
#include "cli/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/text.h"

namespace valetkey::cli {
namespace {

constexpr std::array relayed = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

// All that a signal handler may touch.
constinit std::atomic<pid_t> child{0};
constinit std::atomic<int> early_signal{0};
static_assert(std::atomic<pid_t>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

std::array<struct sigaction, relayed.size()> previous{};

void relay(int signal, siginfo_t* info, void*) {
  // The terminal sends to every process in the foreground, so the child has it already; what the
  // kernel sends has this code, and what a process sends has not.
  const bool is_from_terminal = info->si_code == SI_KERNEL;
  const int kept_errno = errno;
  if (const pid_t running = child.load(); running > 0) {
    if (!is_from_terminal) ::kill(running, signal);
  } else {
    early_signal.store(signal);
  }
  errno = kept_errno;
}

bool can_run(const std::string& path, bool& is_there) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) {
    is_there = is_there || errno == EACCES;
    return false;
  }
  is_there = true;
  return S_ISREG(facts.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  // POSIX: the functions of the exec family do not change what these point to.
  for (const auto& text : texts)
    pointers.push_back(const_cast<char*>(text.c_str()));
  return pointers;
}

/// SECURITY: the connections to the provider are ours, and libraries do not always say so to the
/// kernel; what our own caller gave us for the program stays open.
void keep_to_ourselves(const std::set<int>& inherited) {
  for (const int descriptor : open_descriptors()) {
    if (!inherited.contains(descriptor)) ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  }
}

/// Starts the program; returns an errno.
int spawn(const ChildCommand& command, pid_t& started) {
  posix_spawnattr_t attributes;
  if (const int failed = ::posix_spawnattr_init(&attributes); failed != 0) return failed;
  // A signal that we ignore would stay ignored in the child; this one it expects to die of.
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  keep_to_ourselves(command.descriptors);
  std::vector<char*> arguments = pointers_to(command.arguments);
  arguments.push_back(nullptr);
  std::vector<char*> environment = pointers_to(command.environment);
  SecretBuilder entry(command.secret_entry.size() + 1);
  const Secret ended = entry.append(command.secret_entry).append('\0').take();
  const int failed = ended.reveal([&](std::string_view text) {
    environment.push_back(const_cast<char*>(text.data()));
    environment.push_back(nullptr);
    return ::posix_spawn(&started, command.path.c_str(), nullptr, &attributes, arguments.data(),
                         environment.data());
  });
  ::posix_spawnattr_destroy(&attributes);
  return failed;
}

/// Waits without reaping, so that the number cannot belong to another process while a signal is
/// being passed on.
void await_end(pid_t started) {
  siginfo_t ended{};
  while (::waitid(P_PID, static_cast<id_t>(started), &ended, WEXITED | WNOWAIT) != 0 &&
         errno == EINTR) {
  }
}

}  // namespace

ProgramSearch find_program(const std::string& name) {
  bool is_there = false;
  if (name.find('/') != std::string::npos) {
    if (can_run(name, is_there)) return {name, 0};
    return {"", is_there ? exit_not_runnable : exit_not_found};
  }
  const char* const places = std::getenv("PATH");
  for (const auto place : base::split(places != nullptr ? places : "/usr/bin:/bin", ':')) {
    std::string path = std::string(place) + "/" + name;
    if (can_run(path, is_there)) return {std::move(path), 0};
  }
  return {"", is_there ? exit_not_runnable : exit_not_found};
}

std::set<int> open_descriptors() {
  std::set<int> found;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", failed)) {
    if (const auto number = base::parse_number<int>(entry.path().filename().string())) {
      found.insert(*number);
    }
  }
  // The one that the directory was read through is gone by now.
  std::erase_if(found, [](int number) { return ::fcntl(number, F_GETFD) < 0; });
  // Without /proc: all that a program is usually given.
  if (failed) found = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
  return found;
}

SignalRelay::SignalRelay() {
  child.store(0);
  early_signal.store(0);
  ::signal(SIGCHLD, SIG_DFL);  // ignored by whoever started us, it would take away the exit status
  for (std::size_t i = 0; i < relayed.size(); ++i) {
    ::sigaction(relayed[i], nullptr, &previous[i]);
    if (previous[i].sa_handler == SIG_IGN) continue;  // nohup: the child shall ignore it too
    struct sigaction action {};
    action.sa_sigaction = relay;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&action.sa_mask);
    ::sigaction(relayed[i], &action, nullptr);
  }
}

SignalRelay::~SignalRelay() {
  for (std::size_t i = 0; i < relayed.size(); ++i) {
    ::sigaction(relayed[i], &previous[i], nullptr);
  }
}

Result<int> run_child(const ChildCommand& command) {
  if (const int early = early_signal.load(); early != 0) return exit_signal_base + early;
  pid_t started = 0;
  if (const int reason = spawn(command, started); reason != 0) {
    const bool is_ours = reason == EAGAIN || reason == ENOMEM || reason == EMFILE;
    return fail(is_ours ? Errc::exhausted : Errc::invalid_argument,
                command.path + " cannot be run: " + std::strerror(reason));
  }
  child.store(started);
  // One that came between the two: the child has not had it.
  if (const int early = early_signal.exchange(0); early != 0) ::kill(started, early);
  await_end(started);
  child.store(0);
  int status = 0;
  while (::waitpid(started, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return exit_signal_base + WTERMSIG(status);
  return WEXITSTATUS(status);
}

}  // namespace valetkey::cli
