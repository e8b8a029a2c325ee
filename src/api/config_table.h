// SPDX-License-Identifier: Apache-2.0
#pragma once
// One table of a configuration file, read key by key, every mistake noted.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

#include "valetkey/config.h"

namespace valetkey::api {

/// Reads a table's keys by name; `finish` reports the keys that nobody asked for.
class ConfigTable {
 public:
  ConfigTable(const toml::table& table, std::string name, Config& config,
              std::vector<Mistake>& mistakes)
      : table_(table), name_(std::move(name)), config_(config), mistakes_(mistakes) {}

  void read(std::string_view key, std::string& to);
  /// A string, or an array of strings.
  void read(std::string_view key, std::vector<std::string>& to);
  void read(std::string_view key, std::size_t& to);
  void read(std::string_view key, std::chrono::seconds& to);
  void read(std::string_view key, std::chrono::milliseconds& to);
  /// A table below this one; nothing when it is absent or, noted, something else.
  [[nodiscard]] const toml::table* table(std::string_view key);
  void finish();

 private:
  const toml::node* find(std::string_view key);
  void wrong_type(std::string_view key, const toml::node& node, std::string_view wanted);
  void note(unsigned line, std::string what, std::string remedy);

  const toml::table& table_;
  const std::string name_;
  Config& config_;
  std::vector<Mistake>& mistakes_;
  std::vector<std::string> known_;
};

}  // namespace valetkey::api
