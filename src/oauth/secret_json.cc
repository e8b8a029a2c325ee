// SPDX-License-Identifier: Apache-2.0
#include "oauth/secret_json.h"

#include <string.h>  // explicit_bzero

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_stack.hpp>

#include "base/limits.h"
#include "oauth/wiping_resource.h"

namespace valetkey::oauth {
namespace {

namespace json = boost::json;

/// Builds the value, and counts the members that were written: Boost.JSON keeps the last of two
/// members of one name, so an object that kept fewer had one twice.
struct CountingHandler {
  static constexpr std::size_t max_object_size = 1024;
  static constexpr std::size_t max_array_size = 4096;
  static constexpr std::size_t max_key_size = 1024;
  static constexpr std::size_t max_string_size = 256 * 1024;

  CountingHandler(const json::storage_ptr& storage, unsigned char* buffer, std::size_t size)
      : stack(storage, buffer, size) {
    stack.reset(storage);
  }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return true; }
  bool on_object_end(std::size_t count, json::error_code&) {
    members += count;
    stack.push_object(count);
    return true;
  }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t count, json::error_code&) {
    stack.push_array(count);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    stack.push_chars(part);
    return true;
  }
  bool on_key(json::string_view rest, std::size_t, json::error_code&) {
    stack.push_key(rest);
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    stack.push_chars(part);
    return true;
  }
  bool on_string(json::string_view rest, std::size_t, json::error_code&) {
    stack.push_string(rest);
    return true;
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, json::error_code&) {
    stack.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
    stack.push_uint64(number);
    return true;
  }
  bool on_double(double number, json::string_view, json::error_code&) {
    stack.push_double(number);
    return true;
  }
  bool on_bool(bool truth, json::error_code&) {
    stack.push_bool(truth);
    return true;
  }
  bool on_null(json::error_code&) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  json::value_stack stack;
  std::size_t members = 0;
};

std::size_t members_in(const json::value& value) {
  std::size_t count = 0;
  if (const auto* const object = value.if_object()) {
    for (const auto& member : *object)
      count += 1 + members_in(member.value());
  } else if (const auto* const array = value.if_array()) {
    for (const auto& element : *array)
      count += members_in(element);
  }
  return count;
}

/// Boost.JSON unescapes strings in a buffer on its stack; what it left there is overwritten.
[[gnu::noinline]] void wipe_dead_stack() {
  std::array<char, 16 * 1024> dead;
  explicit_bzero(dead.data(), dead.size());
}

struct Parsed {
  json::value value;
  json::error_code error{};
  bool repeats_member = false;
};

Parsed parse_value(std::string_view text) {
  const auto storage = json::make_shared_resource<WipingResource>();
  json::parse_options options;
  options.max_depth = base::json_depth_max;
  json::basic_parser<CountingHandler> parser(options, storage, nullptr, std::size_t{0});
  Parsed parsed{.value = json::value(storage)};
  const auto read = parser.write_some(false, text.data(), text.size(), parsed.error);
  if (!parsed.error && read != text.size()) parsed.error = json::error::extra_data;
  if (parsed.error) return parsed;
  parsed.value = parser.handler().stack.release();
  parsed.repeats_member = members_in(parsed.value) != parser.handler().members;
  return parsed;
}

Failure refuse(const JsonSource& source, std::string_view complaint) {
  return fail(source.code, std::string(source.what) + std::string(complaint),
              source.code == Errc::misconfigured
                  ? "use the file as it was handed out"
                  : "try again; if it persists, the address is not that of an OAuth 2.0 server");
}

}  // namespace

Result<json::object> parse_secret_json(const Secret& text, const JsonSource& source) {
  if (text.size() > source.bytes_max) return refuse(source, " is longer than allowed");
  Parsed parsed = text.reveal([](std::string_view view) { return parse_value(view); });
  wipe_dead_stack();
  if (parsed.error == json::error::too_deep)
    return refuse(source, " is nested deeper than allowed");
  if (parsed.error) return refuse(source, " is not JSON");
  if (parsed.repeats_member) return refuse(source, " has a member twice");
  if (!parsed.value.is_object()) return refuse(source, " is not a JSON object");
  return std::move(parsed.value.get_object());
}

const json::value* find_member(const json::object& object, std::string_view name) {
  const auto* const found = object.if_contains(json::string_view(name.data(), name.size()));
  return found == nullptr || found->is_null() ? nullptr : found;
}

std::string_view text_in(const json::value& value) {
  const auto* const text = value.if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

Result<std::string_view> find_text(const json::object& object, std::string_view name,
                                   const JsonSource& source) {
  const auto* const member = find_member(object, name);
  if (member == nullptr) return std::string_view();
  if (!member->is_string()) return refuse(source, ": " + std::string(name) + " is not a string");
  return text_in(*member);
}

Result<std::vector<std::string>> find_texts(const json::object& object, std::string_view name,
                                            const JsonSource& source) {
  std::vector<std::string> texts;
  const auto* const member = find_member(object, name);
  if (member == nullptr) return texts;
  const auto* const array = member->if_array();
  if (array == nullptr) return refuse(source, ": " + std::string(name) + " is not an array");
  for (const auto& element : *array) {
    if (!element.is_string()) {
      return refuse(source, ": " + std::string(name) + " holds something else than strings");
    }
    texts.emplace_back(text_in(element));
  }
  return texts;
}

}  // namespace valetkey::oauth
