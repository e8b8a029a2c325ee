// SPDX-License-Identifier: Apache-2.0
#include "emulator/replies.h"

#include "crypto/random.h"

namespace valetkey::emulator {
namespace {

constexpr std::string_view bare_challenge = R"(Bearer realm="Service")";
constexpr std::string_view help_url =
    "https://developer.box.com/guides/api-calls/permissions-and-errors/common-errors/";

json::value invalid_parameter(std::string_view name, std::string_view message) {
  json::array errors;
  errors.push_back(
      json::object{{"reason", "invalid_parameter"}, {"name", name}, {"message", message}});
  json::object info;
  info["errors"] = std::move(errors);
  return info;
}

}  // namespace

Reply json_reply(int status, const json::value& value) {
  Reply reply;
  reply.status = status;
  reply.fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-cache, no-store"}};
  reply.body = json::serialize(value);
  return reply;
}

Reply empty_reply(int status) {
  Reply reply;
  reply.status = status;
  reply.fields = {{"Cache-Control", "no-cache, no-store"}};
  return reply;
}

Reply oauth_error(int status, std::string_view code, std::string_view description) {
  const json::object value = {{"error", code}, {"error_description", description}};
  Reply reply;
  reply.status = status;
  reply.fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  for (const char letter : json::serialize(value)) {
    if (letter == '/') reply.body += '\\';
    reply.body += letter;
  }
  return reply;
}

Reply oauth_error(std::string_view code, std::string_view description) {
  return oauth_error(400, code, description);
}

Reply api_error(int status, std::string_view code, std::string_view message,
                json::value context_info) {
  json::object value = {{"type", "error"}, {"status", status}, {"code", code}};
  if (!context_info.is_null()) value["context_info"] = std::move(context_info);
  value["help_url"] = help_url;
  value["message"] = message;
  value["request_id"] = crypto::random_hex(8);
  return json_reply(status, value);
}

Reply invalid_token() {
  auto reply = empty_reply(401);
  reply.fields.push_back(
      {"WWW-Authenticate",
       std::string(bare_challenge) +
           R"(, error="invalid_token", error_description="The access token provided is invalid.")"});
  return reply;
}

Reply no_token() {
  auto reply = empty_reply(401);
  reply.fields.push_back({"WWW-Authenticate", std::string(bare_challenge)});
  return reply;
}

// Box has an older form (the header, no body) and a newer one (the body). This is both at once,
// which RFC 6750 §3.1 asks for and which no reader of either form can miss.
Reply insufficient_scope() {
  constexpr std::string_view said =
      "The request requires higher privileges than provided by the access token.";
  auto reply = api_error(403, "insufficient_scope", said);
  reply.fields.push_back(
      {"WWW-Authenticate", std::string(bare_challenge) +
                               R"(, error="insufficient_scope", error_description=")" +
                               std::string(said) + "\""});
  return reply;
}

Reply insufficient_permission() {
  return api_error(403, "access_denied_insufficient_permissions",
                   "Access denied - insufficient permission");
}

Reply not_found() {
  return api_error(404, "not_found", "Not Found",
                   invalid_parameter("item", "Invalid value. Item with this ID was not found."));
}

Reply method_not_allowed() {
  return api_error(405, "method_not_allowed", "Method Not Allowed");
}

Reply bad_request(std::string_view name, std::string_view message) {
  return api_error(400, "bad_request", "Bad Request", invalid_parameter(name, message));
}

}  // namespace valetkey::emulator
