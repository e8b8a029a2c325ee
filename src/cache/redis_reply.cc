// SPDX-License-Identifier: Apache-2.0
#include "cache/redis_reply.h"

#include <array>

#include "base/text.h"

namespace valetkey::cache {
namespace {

struct Meaning {
  std::string_view begins;  ///< of the server's words
  Errc code;
  bool of_everything;
  std::string_view what;
  std::string_view hint;
};

constexpr std::string_view names_password =
    "check `shared_user` and `shared_password` against the users of the server (ACL LIST)";
constexpr std::string_view names_rights =
    "give the user that `shared_user` names what valetkey uses: +get +set +eval +evalsha +time "
    "+select +publish +subscribe +ping +sadd +scard +pexpire ~* &*";
constexpr std::string_view names_memory =
    "give the server more memory or disk, or let it evict (maxmemory-policy allkeys-lru)";

// A longer beginning stands before a shorter one that it begins with.
constexpr std::array meanings{
    Meaning{"LOADING", Errc::unreachable, true, "is loading its data", ""},
    Meaning{"MASTERDOWN", Errc::unreachable, true, "has lost its master", ""},
    Meaning{"BUSY", Errc::unreachable, true, "is busy with a script", ""},
    Meaning{"UNKILLABLE", Errc::unreachable, true, "is busy with a script", ""},
    Meaning{"CLUSTERDOWN", Errc::unreachable, true, "says that its cluster is down", ""},
    Meaning{"ERR max number of clients", Errc::unreachable, true, "has no connection left",
            "raise the server's maxclients"},
    Meaning{"READONLY", Errc::unreachable, false, "is a replica that takes no writes",
            "let `shared` name the master"},
    Meaning{"NOREPLICAS", Errc::unreachable, false, "lacks replicas and takes no writes", ""},
    Meaning{"NOAUTH", Errc::access_denied, true, "wants a password", names_password},
    Meaning{"WRONGPASS", Errc::access_denied, true, "refuses the user or the password",
            names_password},
    Meaning{"ERR invalid password", Errc::access_denied, true, "refuses the password",
            names_password},
    Meaning{"ERR AUTH <password> called without any password", Errc::access_denied, true,
            "knows no password for the default user",
            "remove `shared_password`, or set one on the server"},
    Meaning{"ERR Client sent AUTH, but no password is set", Errc::access_denied, true,
            "knows no password", "remove `shared_password`, or set one on the server"},
    Meaning{"ERR DB index is out of range", Errc::access_denied, true,
            "has no database of that number", "correct the number at the end of `shared`"},
    Meaning{"DENIED", Errc::access_denied, true, "runs in protected mode",
            "give the server a password, and valetkey `shared_password`"},
    Meaning{"NOPERM", Errc::access_denied, false, "denies a command, a name or a channel",
            names_rights},
    Meaning{"ERR The user executing the script", Errc::access_denied, false,
            "denies a command or a name to our script", names_rights},
    Meaning{"OOM", Errc::exhausted, false, "has no memory left", names_memory},
    Meaning{"MISCONF", Errc::exhausted, false, "cannot save its data and takes no writes",
            names_memory},
    Meaning{"ERR string exceeds maximum", Errc::exhausted, false, "takes no value of that size",
            ""},
    Meaning{"ERR Protocol error: invalid bulk length", Errc::exhausted, false,
            "takes no value of that size", "raise the server's proto-max-bulk-len"},
    Meaning{"MOVED", Errc::malformed_response, false, "belongs to a cluster",
            "Redis Cluster is not supported: name a single server"},
};

constexpr Meaning no_meaning{"", Errc::malformed_response, false, "answers with an error", ""};

const Meaning& meaning_of(std::string_view text) {
  for (const auto& meaning : meanings)
    if (text.starts_with(meaning.begins)) return meaning;
  return no_meaning;
}

}  // namespace

bool RedisReply::refuses(std::string_view word) const noexcept {
  return kind == Kind::refusal && std::string_view(text).starts_with(word);
}

RedisRefusal refusal_of(const RedisReply& reply, std::string_view server) {
  // SECURITY: a server that does not know a command repeats its arguments; AUTH's is a password.
  const std::string_view words =
      std::string_view(reply.text).substr(0, reply.text.find("with args beginning"));
  const Meaning& meaning = meaning_of(words);
  return {.error = {.code = meaning.code,
                    .context = std::string(server) + " " + std::string(meaning.what),
                    .hint = std::string(meaning.hint),
                    .server_text = base::printable(words)},
          .of_everything = meaning.of_everything};
}

}  // namespace valetkey::cache
