// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every bound on what comes from outside, in one place (rule F2).

#include <cstddef>

namespace valetkey::base {

inline constexpr std::size_t token_bytes_max = 16 * 1024;
inline constexpr std::size_t token_response_bytes_max = 256 * 1024;
inline constexpr std::size_t metadata_bytes_max = 256 * 1024;
inline constexpr std::size_t secret_file_bytes_max = 64 * 1024;
inline constexpr std::size_t secret_ref_bytes_max = 4 * 1024;
inline constexpr std::size_t config_file_bytes_max = 1024 * 1024;
/// Of the dots in one line: keys nested deeper would end a parser's stack.
inline constexpr std::size_t config_line_dots_max = 64;
inline constexpr std::size_t provider_name_bytes_max = 64;
/// Room for the largest token, its key and its scopes.
inline constexpr std::size_t cache_bytes_min = 64 * 1024;
inline constexpr std::size_t json_depth_max = 16;
inline constexpr std::size_t scopes_max = 100;
inline constexpr std::size_t scope_bytes_max = 256;
inline constexpr std::size_t url_bytes_max = 2048;
/// Of any request: the signed download links of object stores are long.
inline constexpr std::size_t request_url_bytes_max = 8 * 1024;
inline constexpr std::size_t subject_id_bytes_max = 256;
inline constexpr std::size_t cache_servers_max = 64;
/// Of a value in a cache server; memcached takes no larger one unless it is told to.
inline constexpr std::size_t shared_value_bytes_max = 1024 * 1024;
inline constexpr std::size_t memcached_stats_max = 1000;
inline constexpr std::size_t header_bytes_max = 64 * 1024;

}  // namespace valetkey::base
