// SPDX-License-Identifier: Apache-2.0
#include "secrets/secret_ref.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/limits.h"
#include "base/text.h"

namespace valetkey::secrets {
namespace {

constexpr auto kinds_hint =
    "write file:PATH, env:NAME, credential:NAME or command:PROGRAM ARGUMENTS";

bool is_control(char letter) {
  return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F;
}

bool is_word_letter(char letter) {
  const char low = base::to_lower(letter);
  return base::is_digit(letter) || letter == '_' || (low >= 'a' && low <= 'z');
}

bool looks_like_kind(std::string_view head) {
  return head.size() >= 2 && head.size() <= 12 &&
         std::all_of(head.begin(), head.end(),
                     [](char letter) { return letter >= 'a' && letter <= 'z'; });
}

bool looks_like_path(std::string_view text) {
  const bool starts = text.starts_with('/') || text.starts_with("./") || text.starts_with("../") ||
                      text.starts_with("~/");
  // Base64 may begin with a slash, but has no dot and hardly a second slash.
  return starts && (text.contains('.') || std::count(text.begin(), text.end(), '/') > 1);
}

Failure explain_no_source(std::string_view text) {
  if (text.empty()) return fail(Errc::misconfigured, "the secret's source is empty", kinds_hint);
  if (looks_like_path(text)) {
    return fail(Errc::misconfigured, "the secret's source looks like a path",
                "write file: in front of it");
  }
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && looks_like_kind(text.substr(0, colon)) &&
      !text.substr(colon).starts_with("://")) {
    return fail(Errc::misconfigured, "the secret's source is of no known kind", kinds_hint);
  }
  return fail(
      Errc::misconfigured, "this looks like the secret itself, not where to find it",
      "put it into a file of mode 0600 and write file:PATH; then replace the secret, because "
      "this file was not meant to keep one");
}

Result<SecretRef> parse_file(std::string_view path, const std::string& base_directory) {
  if (path.empty()) return fail(Errc::misconfigured, "file: has no path", "write file:PATH");
  if (path.starts_with('~')) {
    return fail(Errc::misconfigured, "file: does not know what ~ means", "write the whole path");
  }
  const auto whole = (std::filesystem::path(base_directory) / path).lexically_normal();
  return SecretRef{SourceKind::file, whole.string()};
}

Result<SecretRef> parse_variable(std::string_view name) {
  const bool sound = !name.empty() && !base::is_digit(name.front()) &&
                     std::all_of(name.begin(), name.end(), is_word_letter);
  if (sound) return SecretRef{SourceKind::env, std::string(name)};
  return fail(Errc::misconfigured, "env: is not followed by the name of a variable",
              "write env:NAME, without $ and without =");
}

Result<SecretRef> parse_credential(std::string_view name) {
  // SECURITY: with a slash or dots the name would lead out of the credentials' directory.
  const bool sound =
      !name.empty() && name.size() <= 255 && name != "." && name != ".." && !name.contains('/');
  if (sound) return SecretRef{SourceKind::credential, std::string(name)};
  return fail(Errc::misconfigured, "credential: is not followed by a plain name",
              "write credential:NAME, where the unit has LoadCredential=NAME:PATH");
}

Result<SecretRef> parse_command(std::string_view line) {
  auto words = split_command(line);
  if (!words) return failure_of(std::move(words));
  if (words->empty() || words->front().empty()) {
    return fail(Errc::misconfigured, "command: has no program",
                "write command:PROGRAM ARGUMENTS; it must print the secret");
  }
  return SecretRef{SourceKind::command, std::string(line)};
}

}  // namespace

Result<std::vector<std::string>> split_command(std::string_view line) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = '\0';
  for (const char letter : line) {
    if (quote == '\0' && letter == ' ') {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (quote != '\0' && letter == quote) {
      quote = '\0';
    } else if (quote == '\0' && (letter == '\'' || letter == '"')) {
      quote = letter;
    } else {
      words.back() += letter;
    }
  }
  if (quote != '\0') {
    return fail(Errc::misconfigured, "command: has a quote that is not closed");
  }
  return words;
}

Result<SecretRef> parse_secret_ref(std::string_view text, const std::string& base_directory) {
  using Parser = Result<SecretRef> (*)(std::string_view);
  if (text.size() > base::secret_ref_bytes_max ||
      (std::any_of(text.begin(), text.end(), is_control) && !text.empty())) {
    return explain_no_source("literal");
  }
  if (text.starts_with("file:")) return parse_file(text.substr(5), base_directory);
  for (const auto& [prefix, parse] :
       {std::pair<std::string_view, Parser>("env:", parse_variable),
        std::pair<std::string_view, Parser>("credential:", parse_credential),
        std::pair<std::string_view, Parser>("command:", parse_command)}) {
    if (text.starts_with(prefix)) return parse(text.substr(prefix.size()));
  }
  if (text.starts_with("keyring:")) {
    return fail(Errc::misconfigured, "keyring: secrets are not in this build", kinds_hint);
  }
  return explain_no_source(text);
}

std::string describe(const SecretRef& ref) {
  switch (ref.kind) {
    case SourceKind::file:
      return "file:" + ref.place;
    case SourceKind::env:
      return "env:" + ref.place;
    case SourceKind::credential:
      return "credential:" + ref.place;
    case SourceKind::command:
      break;
  }
  // SECURITY: arguments may hold what nobody should read; the program's name is enough.
  const auto words = split_command(ref.place);
  if (!words || words->empty()) return "command:";
  return "command:" + words->front() + (words->size() > 1 ? " ..." : "");
}

}  // namespace valetkey::secrets
