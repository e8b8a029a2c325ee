// SPDX-License-Identifier: Apache-2.0
#include "emulator/config_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <boost/json.hpp>

namespace valetkey::emulator {
namespace {

namespace json = boost::json;

Failure disk_failure(const std::string& what, const std::string& path) {
  const int code = errno;
  return fail(code == ENOSPC || code == EDQUOT || code == EMFILE || code == ENFILE
                  ? Errc::exhausted
                  : Errc::misconfigured,
              what + " " + path + ": " + std::strerror(code),
              "choose a directory that this user may write to");
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Into a new file that then takes the name: nobody ever reads half of it, and nobody has the old
// file's mode or an open handle on the new secret.
Result<void> write_file(const std::string& path, std::string_view bytes) {
  const auto fresh = path + ".new";
  ::unlink(fresh.c_str());
  const int file =
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return disk_failure("cannot write", path);
  const bool written = write_all(file, bytes);
  if (!written || ::fchmod(file, 0600) != 0) {
    auto failure = disk_failure("cannot write", path);
    ::close(file);
    ::unlink(fresh.c_str());
    return failure;
  }
  ::close(file);
  if (::rename(fresh.c_str(), path.c_str()) != 0) return disk_failure("cannot write", path);
  return {};
}

std::string provider_lines(const Facts& facts) {
  return "[provider.box]\ntype = \"box\"\nbase_url = \"" + facts.base_url + "\"\nupload_url = \"" +
         facts.base_url + "/api\"\n";
}

std::string try_line(const std::string& file, const std::string& rest) {
  return "# Try:  valetkey --config " + file + " " + rest + "\n\n";
}

std::string client_credentials_toml(const Facts& facts) {
  const auto example = facts.user_ids.empty() || facts.root_file_ids.empty()
                           ? std::string("token --json")
                           : "token --user " + facts.user_ids.front() +
                                 " --scope item_download --resource files/" +
                                 facts.root_file_ids.front() + " --json";
  return "# valetkey's configuration for the Box emulator at " + facts.base_url +
         ": client credentials.\n# It is made anew each time the emulator starts.\n" +
         try_line("valetkey.toml", example) + "environment = \"production\"\n\n" +
         provider_lines(facts) + "grant = \"client_credentials\"\nclient_id = \"" +
         facts.client_id + "\"\nclient_secret = \"file:client.secret\"\nenterprise_id = \"" +
         facts.enterprise_id + "\"\n";
}

std::string jwt_toml(const Facts& facts) {
  return "# valetkey's configuration for the Box emulator at " + facts.base_url +
         ": signed assertions (JWT).\n# Everything about the app is in Box's own file, beside "
         "this one.\n" +
         try_line("valetkey-jwt.toml",
                  "token --scope base_explorer --resource folders/" + facts.folder_id + " --json") +
         "environment = \"production\"\n\n" + provider_lines(facts) +
         "grant = \"jwt\"\napp_config = \"box-app.json\"\n";
}

std::string developer_toml(const Facts& facts) {
  return "# valetkey's configuration for the Box emulator at " + facts.base_url +
         ": a developer token.\n# Good for an hour, for one person at a desk; production refuses "
         "it.\n" +
         try_line("valetkey-developer.toml", "call GET /2.0/users/me") +
         "environment = \"development\"\n\n" + provider_lines(facts) +
         "grant = \"developer_token\"\ndeveloper_token = \"file:developer.token\"\n";
}

/// What the console hands out, in its own spelling.
Secret app_json(const Facts& facts, const ConfigSecrets& secrets) {
  const auto quoted = [](const Secret& secret) {
    return secret.reveal([](std::string_view text) { return json::serialize(json::value(text)); });
  };
  SecretBuilder text;
  text.append("{\n  \"boxAppSettings\": {\n    \"clientID\": \"" + facts.client_id +
              "\",\n    \"clientSecret\": ");
  text.append(quoted(secrets.client_secret));
  text.append(",\n    \"appAuth\": {\n      \"publicKeyID\": \"" + facts.key_id +
              "\",\n      \"privateKey\": ");
  text.append(quoted(secrets.private_key));
  text.append(",\n      \"passphrase\": ");
  text.append(quoted(secrets.passphrase));
  text.append("\n    }\n  },\n  \"enterpriseID\": \"" + facts.enterprise_id + "\"\n}\n");
  return text.take();
}

Result<void> write_secret(const std::string& path, const Secret& secret) {
  return secret.reveal([&](std::string_view bytes) { return write_file(path, bytes); });
}

}  // namespace

Result<void> write_config_files(const std::string& directory, const Facts& facts,
                                const ConfigSecrets& secrets) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return disk_failure("cannot make the directory", directory);
  }
  const auto at = [&](std::string_view name) { return directory + "/" + std::string(name); };
  auto written = write_secret(at("client.secret"), secrets.client_secret);
  if (written) written = write_secret(at("developer.token"), secrets.developer_token);
  if (written) written = write_secret(at("box-app.json"), app_json(facts, secrets));
  if (written) written = write_file(at("valetkey.toml"), client_credentials_toml(facts));
  if (written) written = write_file(at("valetkey-jwt.toml"), jwt_toml(facts));
  if (written) written = write_file(at("valetkey-developer.toml"), developer_toml(facts));
  return written;
}

}  // namespace valetkey::emulator
