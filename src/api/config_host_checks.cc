// SPDX-License-Identifier: Apache-2.0
#include "api/config_host_checks.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "api/config_checks.h"
#include "base/descriptor.h"
#include "base/limits.h"
#include "base/text.h"
#include "http/origin.h"

namespace valetkey::api {
namespace {

class HostChecks {
 public:
  HostChecks(const Config& config, std::vector<Mistake>& mistakes)
      : config_(config), mistakes_(mistakes) {}

  void run() {
    check_cache();
    check_times();
    check_proxy();
    check_ca_file();
  }

 private:
  void note(const char* place, std::string what, std::string remedy) {
    const auto line = config_.lines.find(place);
    mistakes_.push_back({config_.path, line == config_.lines.end() ? 0 : line->second,
                         std::move(what), std::move(remedy)});
  }

  void check_cache() {
    const auto& cache = config_.cache;
    if (cache.lifetime < std::chrono::minutes(1) || cache.lifetime > std::chrono::minutes(59)) {
      note("cache.lifetime", "lifetime is not between 1m and 59m of a 60-minute token",
           "write lifetime = \"50m\", as Box recommends");
    }
    if (cache.entries_max == 0) {
      note("cache.entries_max", "entries_max is zero", "write entries_max = 100_000");
    }
    if (cache.bytes_max < base::cache_bytes_min) {
      note("cache.bytes_max",
           "bytes_max is below " + std::to_string(base::cache_bytes_min) +
               ", and one token may not fit",
           "write bytes_max = 268_435_456, which is 256 MiB");
    }
  }

  void check_times() {
    const auto& http = config_.http;
    if (http.fetches_max == 0) {
      note("http.fetches_max", "fetches_max is zero", "write fetches_max = 32");
    }
    if (http.fetches_max > 1024) {
      note("http.fetches_max", "fetches_max is above 1024", "write fetches_max = 32");
    }
    if (http.timeout < std::chrono::seconds(1)) {
      note("http.timeout", "timeout is below one second", "write timeout = \"30s\"");
    }
    if (http.connect_timeout <= std::chrono::milliseconds::zero()) {
      note("http.connect_timeout", "connect_timeout is zero or less",
           "write connect_timeout = \"10s\"");
    }
  }

  void check_proxy() {
    const auto& proxy = config_.http.proxy;
    if (proxy.empty() || proxy == "none") return;
    auto checked = http::check_proxy_address(proxy);
    if (!checked) note("http.proxy", "proxy " + checked.error().context, checked.error().hint);
  }

  void check_ca_file() {
    if (config_.http.ca_file.empty()) return;
    const std::string path = resolved_path(config_, config_.http.ca_file);
    const std::string shown = "ca_file " + base::printable(path);
    constexpr auto remedy = "name a file of PEM certificates that this user can read";
    const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    const int reason = path.contains('\0') ? EINVAL : file ? 0 : errno;
    if (reason != 0) {
      return note("http.ca_file", shown + " cannot be read: " + std::strerror(reason), remedy);
    }
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
      note("http.ca_file", shown + " is no file", remedy);
    }
  }

  const Config& config_;
  std::vector<Mistake>& mistakes_;
};

}  // namespace

void check_host_tables(const Config& config, std::vector<Mistake>& mistakes) {
  HostChecks(config, mistakes).run();
}

}  // namespace valetkey::api
