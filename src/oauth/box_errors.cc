// SPDX-License-Identifier: Apache-2.0
#include "oauth/box_errors.h"

namespace valetkey::oauth {
namespace {

/// Rows are tried in order; an empty code fits any code, an empty text any text.
struct Row {
  std::string_view wire_code;
  std::string_view text;
  ErrorReading reading;
};

constexpr std::string_view clock_hint =
    "set this machine's clock right (NTP); the offset is corrected once by itself";
constexpr std::string_view key_hint =
    "check that the private key and key_id belong together and that the public key is registered "
    "with the app in Box's developer console";
constexpr std::string_view authorize_hint =
    "have a Box administrator authorize the app: Admin Console, Integrations, Platform Apps "
    "Manager; after a change of its scopes, authorize it again";
constexpr std::string_view administrator_hint = "ask a Box administrator about this account";
constexpr std::string_view web_hint =
    "the user has to sign in once on Box's web site and settle it";
constexpr std::string_view device_hint =
    "a Box administrator has to allow this device; see device pinning in the Admin Console";
constexpr std::string_view network_hint =
    "Box allows this account only from certain networks; ask a Box administrator";

constexpr Row rows[] = {
    // JWT assertions.
    {"", "'exp' claim", {Errc::invalid_grant, "Box refuses the assertion's times", clock_hint}},
    {"", "'iat' claim", {Errc::invalid_grant, "Box refuses the assertion's times", clock_hint}},
    {"", "'nbf' claim", {Errc::invalid_grant, "Box refuses the assertion's times", clock_hint}},
    {"",
     "'jti' claim",
     {Errc::invalid_grant, "Box has seen the assertion's jti before",
      "try again; every attempt has a new one"}},
    {"",
     "'sub' claim",
     {Errc::invalid_grant, "Box refuses the subject",
      "check the user or enterprise id, and that the app is authorized in that enterprise"}},
    {"",
     "'iss' claim",
     {Errc::invalid_client, "Box does not know the client", "check client_id of the provider"}},
    {"",
     "Signature verification",
     {Errc::invalid_client, "Box cannot verify the assertion's signature", key_hint}},
    {"",
     "OpenSSL unable to verify",
     {Errc::invalid_client, "Box cannot verify the assertion's signature", key_hint}},
    {"", "\"kid\"", {Errc::invalid_client, "Box does not know the key", key_hint}},
    {"", "No public key", {Errc::invalid_client, "the app has no public key at Box", key_hint}},
    {"",
     "Algorithm not allowed",
     {Errc::invalid_client, "Box does not take this signature algorithm",
      "use RS256, RS384 or RS512 as algorithm of the provider"}},
    // Applications and their administrators.
    {"invalid_grant",
     "Grant credentials are invalid",
     {Errc::invalid_client, "Box refuses the client credentials",
      "Box does not say which of these is wrong: client_id, client_secret, the user or enterprise "
      "id, or the app's authorization in the Admin Console"}},
    {"invalid_grant",
     "not yet authorized",
     {Errc::unauthorized_client, "the app is not authorized", authorize_hint}},
    {"",
     "not authorized by the enterprise",
     {Errc::unauthorized_client, "the app is not authorized", authorize_hint}},
    {"",
     "The grant type is unauthorized",
     {Errc::unauthorized_client, "the app is made for another grant",
      "set the grant that the app was created with in Box's developer console"}},
    {"",
     "box_subject_type",
     {Errc::unauthorized_client, "the app may not act for this kind of subject",
      "enable App + Enterprise Access, or Generate user access tokens, then authorize it again"}},
    {"",
     "based on the enterprise configuration",
     {Errc::unauthorized_client, "the app may not get user tokens in this enterprise",
      "enable Generate user access tokens for the app, then authorize it again"}},
    {"",
     "The client is invalid",
     {Errc::invalid_client, "the token belongs to another client",
      "use the credentials of the app that the token was made for"}},
    {"",
     "Client id was not found",
     {Errc::invalid_client, "Box missed the client id", "set client_id of the provider"}},
    // Accounts (codes known to Box's own mobile clients).
    {"account_deactivated",
     "",
     {Errc::access_denied, "the account is deactivated", administrator_hint}},
    {"password_reset_required",
     "",
     {Errc::access_denied, "the account's password has to be reset", web_hint}},
    {"terms_of_service_required",
     "",
     {Errc::access_denied, "the terms of service have to be accepted", web_hint}},
    {"no_credit_card_trial_ended",
     "",
     {Errc::access_denied, "the account's trial has ended", administrator_hint}},
    {"service_blocked",
     "",
     {Errc::access_denied, "the app is blocked in this enterprise", administrator_hint}},
    {"unauthorized_device",
     "",
     {Errc::access_denied, "this device is not authorized", device_hint}},
    {"exceeded_device_limits",
     "",
     {Errc::access_denied, "the account has too many devices", device_hint}},
    {"missing_device_id", "", {Errc::access_denied, "Box wants a device id", device_hint}},
    {"unsupported_device_pinning_runtime",
     "",
     {Errc::access_denied, "Box wants a device that can be pinned", device_hint}},
    {"grace_period_expired",
     "",
     {Errc::access_denied, "the account's grace period has ended", administrator_hint}},
    {"access_from_location_blocked",
     "",
     {Errc::access_denied, "Box blocks this location", network_hint}},
    {"error_access_from_ip_not_allowed",
     "",
     {Errc::access_denied, "Box blocks this address", network_hint}},
    {"unauthorized", "", {Errc::invalid_client, "Box does not let this client in", authorize_hint}},
    // RFC 8693 §2.2.2 calls this invalid_target.
    {"invalid_resource",
     "",
     {Errc::invalid_target, "Box refuses the resource",
      "check that the file or folder exists and that the subject itself can open it"}},
};

}  // namespace

std::optional<ErrorReading> find_box_reading(std::string_view wire_code,
                                             std::string_view description) {
  for (const auto& row : rows) {
    const bool code_fits = row.wire_code.empty() || row.wire_code == wire_code;
    if (code_fits && description.find(row.text) != std::string_view::npos) return row.reading;
  }
  return std::nullopt;
}

}  // namespace valetkey::oauth
