// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a configuration must say before anything is opened or sent.

#include <string>
#include <vector>

#include "oauth/profile.h"
#include "valetkey/config.h"

namespace valetkey::api {

/// Every mistake that can be seen without opening a secret or asking the network (rules S2, S4,
/// V1, F4). Blocks: looks whether ca_file can be read.
[[nodiscard]] std::vector<Mistake> find_mistakes(const Config& config);

/// "valetkey.toml:7: unknown key grand"
[[nodiscard]] std::string text_of(const Mistake& mistake);

/// One error that carries them all. Precondition: there is at least one.
[[nodiscard]] Failure failure_of_mistakes(std::vector<Mistake> mistakes);

/// A mistake at a key of a provider, with the line on which the key stands.
[[nodiscard]] Mistake mistake_at(const Config& config, const ProviderConfig& provider,
                                 std::string_view key, std::string what, std::string remedy);

/// `path` as the configuration means it: relative to the configuration file's own directory.
[[nodiscard]] std::string resolved_path(const Config& config, const std::string& path);
/// The directory at which relative paths of the configuration start.
[[nodiscard]] std::string directory_of(const Config& config);

}  // namespace valetkey::api
