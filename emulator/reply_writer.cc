// SPDX-License-Identifier: Apache-2.0
#include "emulator/reply_writer.h"

#include <algorithm>

#include "base/text.h"

namespace valetkey::emulator {
namespace {

std::string_view phrase_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 302:
      return "Found";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

// Begins like the answer that was asked for, so that a careless reader goes on reading.
constexpr std::string_view huge_begin = R"({"access_token":")";
constexpr std::string_view malformed_body = R"({"access_token":"half an answer","expires_in":)";

bool has_no_body(int status) {
  return status == 204 || status == 304;
}

}  // namespace

ReplyWriter::ReplyWriter(const Reply& reply, const Delivery& delivery, bool head_only,
                         bool keep_alive)
    : body_(reply.content ? *reply.content : reply.body) {
  if (delivery.malformed) body_ = own_body_ = malformed_body;
  if (delivery.huge_bytes > 0) {
    own_body_ = std::string(huge_begin.substr(0, delivery.huge_bytes));
    body_ = own_body_;
    filler_left_ = delivery.huge_bytes - own_body_.size();
    filler_.assign(std::min<std::size_t>(filler_left_, piece_bytes_), 'x');
  }
  auto length = body_.size() + filler_left_;
  if (delivery.truncate && *delivery.truncate < length) {
    body_ = body_.substr(0, *delivery.truncate);
    filler_left_ = std::min(filler_left_, *delivery.truncate - body_.size());
    must_close_ = true;
  }
  if (delivery.slow_per_byte > std::chrono::milliseconds(0)) {
    piece_bytes_ = 1;
    body_pause_ = delivery.slow_per_byte;
  }
  if (has_no_body(reply.status)) length = 0;
  write_head(reply, keep_alive && !must_close_, length);
  if (head_only || has_no_body(reply.status)) {
    body_ = {};
    filler_left_ = 0;
  }
}

void ReplyWriter::write_head(const Reply& reply, bool keep_alive, std::size_t body_bytes) {
  head_ = "HTTP/1.1 " + std::to_string(reply.status) + " " + std::string(phrase_of(reply.status)) +
          "\r\n";
  for (const auto& field : reply.fields) {
    if (base::equal_ignoring_case(field.name, "content-length")) continue;
    head_ += field.name + ": " + field.value + "\r\n";
  }
  if (!has_no_body(reply.status)) head_ += "Content-Length: " + std::to_string(body_bytes) + "\r\n";
  if (!keep_alive && !find_field(reply.fields, "connection")) head_ += "Connection: close\r\n";
  head_ += "\r\n";
}

std::string_view ReplyWriter::next() {
  if (!head_sent_) {
    head_sent_ = true;
    if (body_pause_ == std::chrono::milliseconds(0) && body_.size() <= 16 * 1024) {
      head_ += body_;  // one packet for a small reply
      body_ = {};
    }
    return head_;
  }
  pause_ = body_pause_;
  if (!body_.empty()) {
    const auto piece = body_.substr(0, piece_bytes_);
    body_.remove_prefix(piece.size());
    return piece;
  }
  const auto size = std::min({filler_left_, filler_.size(), piece_bytes_});
  filler_left_ -= size;
  return std::string_view(filler_).substr(0, size);
}

}  // namespace valetkey::emulator
