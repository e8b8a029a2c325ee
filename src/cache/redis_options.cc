// SPDX-License-Identifier: Apache-2.0
#include "cache/redis_options.h"

namespace valetkey::cache {

RedisOptions RedisOptions::clone() const {
  return {.host = host,
          .port = port,
          .unix_path = unix_path,
          .database = database,
          .user = user,
          .password = password.clone(),
          .clock = clock,
          .timeout = timeout};
}

std::string description_of(const RedisOptions& options) {
  std::string text = "redis ";
  if (!options.unix_path.empty()) {
    text += "unix:" + options.unix_path;
  } else {
    const bool is_v6 = options.host.contains(':');
    text += is_v6 ? "[" + options.host + "]" : options.host;
    text += ":" + std::to_string(options.port);
  }
  if (options.database != 0) text += "/" + std::to_string(options.database);
  return text;
}

}  // namespace valetkey::cache
