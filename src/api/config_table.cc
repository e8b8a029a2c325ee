// SPDX-License-Identifier: Apache-2.0
#include "api/config_table.h"

#include <algorithm>

#include "base/duration.h"
#include "base/nearest_word.h"
#include "base/text.h"

namespace valetkey::api {
namespace {

using std::chrono::milliseconds;

unsigned line_of(const toml::node& node) {
  return node.source().begin.line;
}

std::string_view kind_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::table:
      return "a table";
    default:
      return "a date or time";
  }
}

}  // namespace

void ConfigTable::note(unsigned line, std::string what, std::string remedy) {
  mistakes_.push_back({config_.path, line, std::move(what), std::move(remedy)});
}

const toml::node* ConfigTable::find(std::string_view key) {
  known_.emplace_back(key);
  const toml::node* const node = table_.get(key);
  if (node != nullptr) {
    std::string place = name_.empty() ? std::string(key) : name_ + "." + std::string(key);
    config_.lines[std::move(place)] = line_of(*node);
  }
  return node;
}

void ConfigTable::wrong_type(std::string_view key, const toml::node& node,
                             std::string_view wanted) {
  note(line_of(node), std::string(key) + " is " + std::string(kind_of(node)),
       "write " + std::string(wanted));
}

void ConfigTable::read(std::string_view key, std::string& to) {
  const toml::node* const node = find(key);
  if (node == nullptr) return;
  const auto text = node->value_exact<std::string>();
  if (!text) return wrong_type(key, *node, std::string(key) + " = \"...\"");
  if (text->empty()) {
    return note(line_of(*node), std::string(key) + " is empty",
                "write " + std::string(key) + " = \"...\", or remove the line");
  }
  to = *text;
}

void ConfigTable::read(std::string_view key, std::vector<std::string>& to) {
  const toml::node* const node = find(key);
  if (node == nullptr) return;
  const std::string wanted =
      std::string(key) + " = \"...\" or " + std::string(key) + " = [\"...\", \"...\"]";
  if (const auto text = node->value_exact<std::string>()) {
    to = {*text};
    return;
  }
  const toml::array* const array = node->as_array();
  if (array == nullptr) return wrong_type(key, *node, wanted);
  for (const auto& element : *array) {
    const auto text = element.value_exact<std::string>();
    if (!text) return wrong_type(key, element, wanted);
    to.push_back(*text);
  }
}

void ConfigTable::read(std::string_view key, std::size_t& to) {
  const toml::node* const node = find(key);
  if (node == nullptr) return;
  const auto count = node->value_exact<std::int64_t>();
  if (!count) return wrong_type(key, *node, std::string(key) + " = 1000");
  if (*count <= 0) {
    return note(line_of(*node), std::string(key) + " is not above zero",
                "write a whole number from 1");
  }
  to = static_cast<std::size_t>(*count);
}

void ConfigTable::read(std::string_view key, milliseconds& to) {
  const toml::node* const node = find(key);
  if (node == nullptr) return;
  const std::string wanted =
      "write a number and a unit, as in " + std::string(key) + " = \"30s\" (ms, s, m, h)";
  const auto text = node->value_exact<std::string>();
  if (!text) {
    return note(line_of(*node), std::string(key) + " is " + std::string(kind_of(*node)), wanted);
  }
  const auto duration = base::parse_duration(*text);
  if (!duration) {
    return note(line_of(*node), std::string(key) + " is not a duration", wanted);
  }
  to = *duration;
}

void ConfigTable::read(std::string_view key, std::chrono::seconds& to) {
  milliseconds exact = to;
  read(key, exact);
  to = std::chrono::ceil<std::chrono::seconds>(exact);
}

const toml::table* ConfigTable::table(std::string_view key) {
  const toml::node* const node = find(key);
  if (node == nullptr) return nullptr;
  if (const auto* const found = node->as_table()) return found;
  wrong_type(key, *node, "[" + std::string(key) + "] on a line of its own, and its keys below it");
  return nullptr;
}

void ConfigTable::finish() {
  for (const auto& [key, node] : table_) {
    const std::string spelt(key.str());
    if (std::find(known_.begin(), known_.end(), spelt) != known_.end()) continue;
    if (name_.empty() && spelt == "broker") {
      note(key.source().begin.line, spelt + " is not in this version",
           "remove it; the broker comes with a later version");
      continue;
    }
    const std::string nearest = base::nearest_word(spelt, known_);
    note(key.source().begin.line,
         "unknown key " + base::printable(spelt, 60) +
             (name_.empty() ? std::string() : " in [" + base::printable(name_, 60) + "]"),
         nearest.empty() ? "remove it; known here: " + base::joined(known_, ", ")
                         : "did you mean " + nearest + "?");
  }
}

}  // namespace valetkey::api
