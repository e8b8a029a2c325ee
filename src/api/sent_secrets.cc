// SPDX-License-Identifier: Apache-2.0
#include "api/sent_secrets.h"

#include <algorithm>
#include <string>

#include "base/text.h"
#include "oauth/form.h"

// The words of an error have been cut short and made printable, so a secret in them may be there in
// part. Every run of a few characters that is in a secret too is taken for a piece of it.

namespace valetkey::api {
namespace {

constexpr std::size_t piece_size = 8;
constexpr std::size_t secret_bytes_min = 6;  // of shorter ones ordinary words are pieces
constexpr std::string_view replacement = "[cut]";

constexpr std::string_view secret_fields[] = {"client_secret", "client_assertion", "assertion",
                                              "token",         "subject_token",    "actor_token",
                                              "refresh_token"};

/// Marks in one text what is a piece of a secret.
class Cutter {
 public:
  explicit Cutter(std::string& text) : text_(text), is_secret_(text.size(), false) {}

  void mark(std::string_view secret) {
    const std::size_t size = std::min(piece_size, secret.size());
    if (secret.size() < secret_bytes_min) return;
    for (std::size_t at = 0; at + size <= text_.size(); ++at) {
      if (!holds(secret, std::string_view(text_).substr(at, size))) continue;
      std::fill_n(is_secret_.begin() + static_cast<std::ptrdiff_t>(at), size, true);
    }
  }

  void cut() {
    std::string kept;
    for (std::size_t at = 0; at < text_.size(); ++at) {
      if (!is_secret_[at]) {
        kept += text_[at];
      } else if (at == 0 || !is_secret_[at - 1]) {
        kept += replacement;
      }
    }
    text_ = std::move(kept);
  }

 private:
  /// As base::printable shows it, and in either case: percent-encoding knows two.
  static bool holds(std::string_view secret, std::string_view piece) {
    const auto looks_like = [](char hidden, char shown) {
      const bool is_printable = hidden >= ' ' && hidden <= '~';
      return base::to_lower(is_printable ? hidden : '?') == base::to_lower(shown);
    };
    return std::search(secret.begin(), secret.end(), piece.begin(), piece.end(), looks_like) !=
           secret.end();
  }

  std::string& text_;
  std::vector<bool> is_secret_;
};

int hex_value(char letter) {
  if (base::is_digit(letter)) return letter - '0';
  const char low = base::to_lower(letter);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// RFC 6749 Appendix B backwards.
Secret form_decoded(std::string_view text) {
  SecretBuilder decoded(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const int high = text[at] == '%' && at + 2 < text.size() ? hex_value(text[at + 1]) : -1;
    const int low = high < 0 ? -1 : hex_value(text[at + 2]);
    if (low >= 0) {
      decoded.append(static_cast<char>(high * 16 + low));
      at += 2;
    } else {
      decoded.append(text[at] == '+' ? ' ' : text[at]);
    }
  }
  return decoded.take();
}

void mark_body(Cutter& cutter, std::string_view body) {
  for (const auto field : base::split(body, '&')) {
    const auto equals = std::min(field.find('='), field.size());
    const auto name = field.substr(0, equals);
    if (std::find(std::begin(secret_fields), std::end(secret_fields), name) ==
        std::end(secret_fields)) {
      continue;
    }
    const auto value = field.substr(std::min(equals + 1, field.size()));
    cutter.mark(value);
    form_decoded(value).reveal([&](std::string_view decoded) { cutter.mark(decoded); });
  }
}

void cut(std::string& text, const HttpRequest& request, const std::vector<Secret>& secrets) {
  if (text.empty()) return;
  Cutter cutter(text);
  request.body.reveal([&](std::string_view body) { mark_body(cutter, body); });
  request.authorization.reveal([&](std::string_view value) {
    cutter.mark(value.substr(std::min(value.find(' ') + 1, value.size())));
  });
  for (const auto& secret : secrets) {
    // RFC 6749 §2.3.1: encoded before it goes into a Basic authorization.
    SecretBuilder encoded;
    secret.reveal([&](std::string_view value) {
      cutter.mark(value);
      oauth::append_form_encoded(encoded, value);
    });
    encoded.take().reveal([&](std::string_view value) { cutter.mark(value); });
  }
  cutter.cut();
}

}  // namespace

void cut_sent_secrets(Error& error, const HttpRequest& request,
                      const std::vector<Secret>& secrets) {
  cut(error.server_text, request, secrets);
  cut(error.context, request, secrets);  // it names the server's own error code
}

}  // namespace valetkey::api
