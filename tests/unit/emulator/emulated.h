// SPDX-License-Identifier: Apache-2.0
#pragma once
// A running emulator and the words that most tests say to it.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/signing_key.h"
#include "emulator/emulator.h"
#include "raw_client.h"

namespace valetkey::emulator::test {

inline constexpr std::string_view form_type = "application/x-www-form-urlencoded";
inline constexpr std::string_view token_type_urn = "urn:ietf:params:oauth:token-type:access_token";

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "emulator-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file(path_ + "/" + name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

 private:
  std::string path_;
};

class Emulated {
 public:
  explicit Emulated(Options options = {}) {
    auto started = Emulator::start(std::move(options));
    if (!started) std::abort();
    emulator = std::move(*started);
    secret = emulator->client_secret().reveal([](std::string_view s) { return std::string(s); });
  }

  [[nodiscard]] const Facts& facts() const { return emulator->facts(); }
  [[nodiscard]] const std::string& url() const { return facts().base_url; }

  Answer get(std::string_view target, const std::string& token) const {
    return ask(url(), "GET", target, {{"Authorization", "Bearer " + token}});
  }
  Answer call(std::string_view method, std::string_view target, const std::string& token,
              std::string_view body = {}) const {
    return ask(url(), method, target, {{"Authorization", "Bearer " + token}}, body);
  }
  Answer post_form(std::string_view path, std::string_view body) const {
    return ask(url(), "POST", path, {{"Content-Type", std::string(form_type)}}, body);
  }
  Answer control(std::string_view path, std::string_view body) const {
    return ask(url(), "POST", "/_emulator/" + std::string(path), {}, body);
  }

  [[nodiscard]] std::string client() const {
    return "&client_id=" + facts().client_id + "&client_secret=" + secret;
  }
  Answer ask_for(const std::string& type, const std::string& id) const {
    return post_form("/oauth2/token", "grant_type=client_credentials" + client() +
                                          "&box_subject_type=" + type + "&box_subject_id=" + id);
  }
  [[nodiscard]] std::string service_token() const {
    return ask_for("enterprise", facts().enterprise_id).text("access_token");
  }
  [[nodiscard]] std::string user_token(std::size_t at = 0) const {
    return ask_for("user", facts().user_ids.at(at)).text("access_token");
  }
  Answer exchange(const std::string& subject_token, const std::string& scope,
                  const std::string& resource = {}) const {
    std::string body = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=" +
                       subject_token + "&subject_token_type=" + std::string(token_type_urn) +
                       "&scope=" + scope;
    if (!resource.empty()) body += "&resource=https://api.box.com/2.0/" + resource;
    return post_form("/oauth2/token", body);
  }
  [[nodiscard]] std::string narrowed(const std::string& scope, const std::string& resource = {}) {
    return exchange(service_token(), scope, resource).text("access_token");
  }
  Answer revoke(const std::string& token) const {
    return post_form("/oauth2/revoke", "token=" + token + client());
  }
  /// A committed pair, by way of an authorization code.
  Answer sign_in(SignIn as = {}) const {
    const auto code = emulator->authorization_code(as);
    if (!code) return {};
    return code->reveal([&](std::string_view text) {
      return post_form("/oauth2/token",
                       "grant_type=authorization_code&code=" + std::string(text) + client());
    });
  }
  Answer refresh(const std::string& refresh_token) const {
    return post_form("/oauth2/token",
                     "grant_type=refresh_token&refresh_token=" + refresh_token + client());
  }
  [[nodiscard]] boost::json::object ledger() const {
    return boost::json::parse(emulator->ledger_json()).as_object();
  }

  std::unique_ptr<Emulator> emulator;
  std::string secret;
};

/// Box's app-settings file, read the way a client would, and the assertions it lets one make.
class App {
 public:
  explicit App(Emulated& emulated) : emulated_(&emulated) {
    if (!emulated.emulator->write_config(directory_.path())) std::abort();
    settings = boost::json::parse(directory_.read("box-app.json")).as_object();
    const auto& auth = settings.at("boxAppSettings").at("appAuth");
    auto key = crypto::parse_signing_key(Secret(auth.at("privateKey").as_string()),
                                         Secret(auth.at("passphrase").as_string()));
    if (!key) std::abort();
    key_ = std::make_unique<crypto::SigningKey>(std::move(*key));
  }

  /// What every SDK sends, for the enterprise.
  [[nodiscard]] boost::json::object claims() const {
    boost::json::object value;
    value["iss"] = emulated_->facts().client_id;
    value["sub"] = emulated_->facts().enterprise_id;
    value["box_sub_type"] = "enterprise";
    value["aud"] = "https://api.box.com/oauth2/token";
    value["jti"] = crypto::random_uuid();
    value["exp"] = server_time() + 30;
    return value;
  }
  [[nodiscard]] boost::json::object header() const {
    boost::json::object value;
    value["alg"] = "RS256";
    value["typ"] = "JWT";
    value["kid"] = emulated_->facts().key_id;
    return value;
  }
  [[nodiscard]] std::string assertion(const boost::json::object& claims) const {
    return assertion(header(), claims);
  }
  [[nodiscard]] std::string assertion(const boost::json::object& header,
                                      const boost::json::object& claims) const {
    const auto text = crypto::encode_base64url(boost::json::serialize(header)) + "." +
                      crypto::encode_base64url(boost::json::serialize(claims));
    const auto algorithm = crypto::find_algorithm(header.at("alg").as_string());
    const auto signature = algorithm ? key_->sign(*algorithm, text) : Result<std::string>("none");
    return text + "." + crypto::encode_base64url(*signature);
  }
  Answer present(const std::string& assertion) const {
    return emulated_->post_form("/oauth2/token",
                                "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer" +
                                    emulated_->client() + "&assertion=" + assertion);
  }
  /// What the server believes the time is: asked of it, so that no clock of ours matters.
  [[nodiscard]] std::int64_t server_time() const {
    const auto now = emulated_->control("clock", R"({"advance_s":0})").text("now");
    std::tm parts{};
    ::strptime(now.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    return ::timegm(&parts);
  }

  boost::json::object settings;

 private:
  Emulated* emulated_;
  TemporaryDirectory directory_;
  std::unique_ptr<crypto::SigningKey> key_;
};

}  // namespace valetkey::emulator::test
