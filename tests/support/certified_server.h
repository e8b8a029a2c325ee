// SPDX-License-Identifier: Apache-2.0
#pragma once
// oidc-provider, a certified authorization server, as a process that ends with its owner.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "support/temp_directory.h"
#include "valetkey/client.h"

namespace valetkey::support {

inline std::string text_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The last line that a command prints.
inline std::string last_line_of(const std::string& command) {
  std::string text;
  std::array<char, 512> block{};
  if (FILE* const pipe = ::popen(command.c_str(), "r")) {
    while (const auto count = std::fread(block.data(), 1, block.size(), pipe))
      text.append(block.data(), count);
    EXPECT_EQ(::pclose(pipe), 0) << command;
  }
  while (text.ends_with('\n'))
    text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

/// Has a client per way of proving who it is; see tests/node/oidc_provider.mjs.
class CertifiedServer {
 public:
  explicit CertifiedServer(std::vector<std::string> words = {}) {
    const char* const source = std::getenv("VALETKEY_SOURCE_DIR");  // set by ctest
    const std::string root = std::filesystem::absolute(source != nullptr ? source : ".").string();
    const std::string packages = root + "/build/node";
    last_line_of(root + "/tests/node/prepare " + packages + " >/dev/null");
    words.insert(words.begin(), {last_line_of(root + "/tests/node/find_node"),
                                 root + "/tests/node/oidc_provider.mjs", directory.path()});
    ::setenv("VALETKEY_NODE_DIR", packages.c_str(), 1);
    start(words);
    const auto line = first_line();
    boost::json::error_code invalid;
    facts_ = boost::json::parse(line, invalid);
    EXPECT_FALSE(invalid) << text_of_file(directory.path() + "/errors");
  }
  ~CertifiedServer() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    ::close(input_);
    ::close(output_);
  }
  CertifiedServer(const CertifiedServer&) = delete;
  CertifiedServer& operator=(const CertifiedServer&) = delete;

  std::string fact(const char* name) const { return std::string(facts_.at(name).as_string()); }

  /// A client's configuration, to be changed before it is opened.
  Config config(const std::string& client) const {
    auto read = load_config(directory.path() + "/" + client + ".toml");
    EXPECT_TRUE(read) << (read ? "" : read.error().context);
    return std::move(*read);
  }
  Client open(const std::string& client, ClientParts parts = {}) const {
    return open(config(client), std::move(parts));
  }
  static Client open(Config config, ClientParts parts = {}) {
    auto made = Client::make(std::move(config), std::move(parts));
    EXPECT_TRUE(made) << (made ? "" : made.error().context);
    return std::move(*made);
  }

  const TempDirectory directory;

 private:
  void start(const std::vector<std::string>& words) {
    int input[2];
    int output[2];
    ASSERT_EQ(::pipe2(input, O_CLOEXEC), 0);
    ASSERT_EQ(::pipe2(output, O_CLOEXEC), 0);
    std::vector<char*> arguments;
    for (const auto& word : words)
      arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    const std::string errors = directory.path() + "/errors";
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors.c_str(), O_WRONLY | O_CREAT,
                                       0600);
    EXPECT_EQ(::posix_spawn(&process_, arguments[0], &actions, nullptr, arguments.data(), environ),
              0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(input[0]);
    ::close(output[1]);
    input_ = input[1];  // the server ends when this does
    output_ = output[0];
  }

  std::string first_line() const {
    std::string line;
    char letter = '\0';
    while (::read(output_, &letter, 1) == 1 && letter != '\n')
      line += letter;
    return line;
  }

  pid_t process_ = -1;
  int input_ = -1;
  int output_ = -1;
  boost::json::value facts_;
};

}  // namespace valetkey::support
