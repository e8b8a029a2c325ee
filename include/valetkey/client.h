// SPDX-License-Identifier: Apache-2.0
#pragma once
// The front door: tokens, fetched once, kept, refreshed, narrowed and withdrawn.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "valetkey/config.h"
#include "valetkey/http.h"
#include "valetkey/introspection.h"
#include "valetkey/request.h"
#include "valetkey/shared_store.h"
#include "valetkey/status.h"
#include "valetkey/token.h"
#include "valetkey/token_source.h"

namespace valetkey {

/// One authorised call of the provider's API.
struct ApiCall {
  TokenRequest token{};                  ///< whose token authorises it
  std::string method = "GET";
  std::string target{};                  ///< a path ("/2.0/users/me"), or a URL of the API's origins
  std::vector<HttpHeader> headers{};
  Secret body{};
  std::optional<BodyFile> body_file{};
  std::optional<BodyFile> answer_file{}; ///< a 2xx answer's body goes there instead of to memory
  std::size_t answer_bytes_max = 16 * 1024 * 1024;
};

/// A prepared request: the key is made and the rules are checked once. Threads: any.
class TokenHandle {
 public:
  /// As Client::token.
  [[nodiscard]] Result<AccessToken> token(Deadline deadline) const;

 private:
  friend class Client;
  struct Impl;
  explicit TokenHandle(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;  // shared by copies of the handle
};

/// Parts that a test or an embedding program may replace; an absent one is made as configured.
struct ClientParts {
  std::shared_ptr<Clock> clock{};
  std::shared_ptr<Transport> transport{};
  std::function<double()> jitter{};      ///< in [0, 1); Threads: any
  /// Instead of the configuration's `shared`. Taken as it is: what it is given is not sealed yet.
  std::shared_ptr<SharedStore> shared_store{};
  std::shared_ptr<SharedBell> shared_bell{};
};

/// Everything at once, in one process. Threads: any. Outlives its handles' last use.
class Client final : public TokenSource {
 public:
  /// Errors: misconfigured, with every mistake at once (rule F4): keys, types, literal secrets,
  /// unreadable or too readable files, keys that cannot be decrypted. Nothing has been sent.
  /// Blocks: reads the configuration and every secret source.
  [[nodiscard]] static Result<Client> open(const std::string& config_path);
  [[nodiscard]] static Result<Client> make(Config config, ClientParts parts = {});

  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;
  /// Blocks: until fetches in the air have noticed; they are cancelled.
  ~Client() override;

  /// See TokenSource. Errors: also invalid_argument when the request breaks the provider's rules
  /// (unknown scope, malformed resource); nothing was sent.
  [[nodiscard]] Result<AccessToken> token(const TokenRequest& request, Deadline deadline) override;

  /// Errors: invalid_argument, misconfigured. Blocks: only for a provider whose metadata is still
  /// unknown (RFC 8414), and then not here but in the first token().
  [[nodiscard]] Result<TokenHandle> handle(const TokenRequest& request);

  /// Tells that an API refused this token with a 401 (rule U1). That token and no other is dropped;
  /// at most one refresh per key and 10 s follows, whatever the number of reports.
  void report_unauthorized(const AccessToken& token);

  /// An authorised call: one refresh and one repeat after a 401 that says the token is invalid
  /// (rule U2), back-off on 429 and 5xx (rule U4). Any HTTP answer is a value, not an error.
  /// A redirect of a GET is followed; the token never crosses to another origin (rule S5).
  /// Errors: as token() and Transport::send; denied_by_policy when the target is not the API's.
  /// Blocks: network.
  [[nodiscard]] Result<HttpResponse> call(const ApiCall& call, Deadline deadline);

  /// Withdraws a token and everything narrowed from it, first here, then upstream (rules R1-R4).
  /// When this returns, nobody gets that token from here any more, delivered or not.
  /// Blocks: until the provider has confirmed, at most until the deadline.
  [[nodiscard]] Result<RevocationReport> revoke(const AccessToken& token, Deadline deadline);
  /// The same for a token known by its text alone.
  [[nodiscard]] Result<RevocationReport> revoke(const std::string& provider, Secret token,
                                                Deadline deadline);
  [[nodiscard]] Result<RevocationReport> revoke_subject(const std::string& provider,
                                                        const Subject& subject, Deadline deadline);
  [[nodiscard]] Result<RevocationReport> revoke_provider(const std::string& provider,
                                                         Deadline deadline);
  [[nodiscard]] Result<RevocationReport> revoke_all(Deadline deadline);

  /// RFC 7662. Errors: unsupported by the provider is misconfigured. Blocks: network.
  [[nodiscard]] Result<Introspection> introspect(const AccessToken& token, Deadline deadline);

  /// Reads every secret source again (rule S6), as on SIGHUP. A source that fails keeps its old
  /// secret. Errors: secret_unavailable, naming the first that failed. Blocks: files, commands.
  [[nodiscard]] Result<void> reload_secrets();

  [[nodiscard]] Status status() const;
  [[nodiscard]] const Config& config() const;

  /// Looks for trouble: reachability, clock, endpoints, memory. Blocks: network.
  [[nodiscard]] std::vector<Finding> diagnose(Deadline deadline);

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace valetkey
