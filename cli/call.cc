// SPDX-License-Identifier: Apache-2.0
// `valetkey call`: an authorised request, its answer on standard output.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "cli/bounded_input.h"
#include "cli/exit_code.h"
#include "cli/open_client.h"
#include "cli/option_checks.h"
#include "cli/subcommand.h"
#include "cli/token_options.h"

namespace valetkey::cli {
namespace {

constexpr std::size_t input_bytes_max = std::size_t{64} * 1024 * 1024;

struct Options {
  TokenOptions token{};
  std::string method{};
  std::string target{};
  std::string data{};
  bool has_data = false;
  std::vector<std::string> headers{};
  std::string output{};
  bool include = false;
  bool fail = false;
};

bool looks_like_json(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

bool file_looks_like_json(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char first = ' ';
  while (file.get(first) && (first == ' ' || first == '\t' || first == '\r' || first == '\n')) {
  }
  return file && (first == '{' || first == '[');
}

Result<HttpHeader> parse_header(const std::string& text) {
  const auto colon = text.find(':');
  const std::string name(base::trimmed(std::string_view(text).substr(0, colon)));
  if (colon == std::string::npos || name.empty() ||
      text.find_first_of("\r\n") != std::string::npos) {
    return fail(Errc::invalid_argument, "--header is no header", "write --header 'Name: value'");
  }
  if (base::equal_ignoring_case(name, "Authorization")) {
    return fail(Errc::invalid_argument, "--header Authorization is refused",
                "valetkey authorises the request itself; say whose token with --user or "
                "--enterprise");
  }
  return HttpHeader{name, std::string(base::trimmed(std::string_view(text).substr(colon + 1)))};
}

bool is_stream(const std::string& path) {
  std::error_code absent;
  const auto status = std::filesystem::status(path, absent);
  return std::filesystem::exists(status) && !std::filesystem::is_regular_file(status) &&
         !std::filesystem::is_directory(status);
}

/// What `--data` names, in memory. A pipe can be read once only, and a request may be sent twice.
Result<Secret> body_in_memory(const std::string& data) {
  if (data == "@-") return read_standard_input(input_bytes_max);
  if (data.starts_with("@")) return read_stream(data.substr(1), input_bytes_max);
  return Secret(data);
}

/// Puts the body where the library looks for it, and says what it is unless the user did.
Result<void> add_body(const Options& options, ApiCall& call) {
  bool is_json = false;
  const std::string path = options.data.starts_with("@") ? options.data.substr(1) : "";
  if (!path.empty() && path != "-" && !is_stream(path)) {
    call.body_file = BodyFile{path};
    is_json = file_looks_like_json(path);
  } else {
    auto body = body_in_memory(options.data);
    if (!body) return failure_of(std::move(body));
    call.body = std::move(*body);
    is_json = call.body.reveal(looks_like_json);
  }
  if (!find_header(call.headers, "Content-Type")) {
    call.headers.push_back(
        {"Content-Type", is_json ? "application/json" : "application/octet-stream"});
  }
  return {};
}

Result<ApiCall> make_call(const Options& options, const Globals& globals, const Config& config) {
  auto token = options.token.request(globals, config);
  if (!token) return failure_of(std::move(token));
  ApiCall call{.token = std::move(*token), .method = options.method, .target = options.target};
  for (char& letter : call.method) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    if (letter < 'A' || letter > 'Z') {
      return fail(Errc::invalid_argument, "the method is not a word of letters",
                  "write for example: valetkey call GET /2.0/users/me");
    }
  }
  for (const auto& text : options.headers) {
    auto header = parse_header(text);
    if (!header) return failure_of(std::move(header));
    call.headers.push_back(std::move(*header));
  }
  if (options.has_data) {
    if (auto added = add_body(options, call); !added) return failure_of(std::move(added));
  }
  if (!options.output.empty()) call.answer_file = BodyFile{options.output};
  return call;
}

void print(const HttpResponse& answer, const Options& options, Console& console) {
  if (options.include) {
    std::string head = "HTTP " + std::to_string(answer.status) + "\n";
    for (const auto& header : answer.headers) {
      head += header.name + ": " + base::printable(header.value, 4096) + "\n";
    }
    console.write(head + "\n");
  }
  const bool is_good = exit_code_for_status(answer.status) == exit_done;
  if (is_good || !options.fail) console.write(answer.body);
}

int report(const HttpResponse& answer, Console& console) {
  const int exit_code = exit_code_for_status(answer.status);
  if (exit_code == exit_done) return exit_done;
  console.error("the API answered " + std::to_string(answer.status));
  if (answer.status == 401) {
    console.hint(
        "a new token was refused too: check the application's access, or whether the user "
        "is active");
  } else if (answer.status == 403) {
    console.hint(
        "the token may not do that: check its --scope and --resource, and the "
        "application's own scopes");
  } else if (exit_code == exit_unreachable) {
    console.hint("the same command may work later");
  }
  return exit_code;
}

int send_call(const Options& options, const Context& context) {
  const auto refuse = [&](const Error& error) {
    context.console.complain(error);
    return exit_code_for(error);
  };
  auto client = open_client(context.globals);
  if (!client) return refuse(client.error());
  const auto call = make_call(options, context.globals, client->config());
  if (!call) return refuse(call.error());
  const auto answer = client->call(*call, deadline_in(context.globals.timeout));
  if (!answer) return refuse(answer.error());
  print(*answer, options, context.console);
  return report(*answer, context.console);
}

}  // namespace

Action declare_call(CLI::App& app) {
  auto options = std::make_shared<Options>();  // shared by the parser and the action
  app.add_option("METHOD", options->method, "GET, POST, PUT, DELETE or OPTIONS")->required();
  app.add_option("PATH", options->target, "a path such as /2.0/users/me, or a URL of the API")
      ->required();
  app.add_option_function<std::string>(
         "--data",
         [raw = options.get()](const std::string& text) {
           raw->data = text;
           raw->has_data = true;
         },
         "the body: TEXT itself, @FILE, or @- for standard input")
      ->type_name("TEXT");
  app.add_option("--header", options->headers, "one more header, 'Name: value'; may be repeated")
      ->type_name("HEADER")
      ->allow_extra_args(false);
  app.add_option("--output", options->output, "write the body of a 2xx answer to FILE, mode 0600")
      ->check(not_empty())
      ->type_name("FILE");
  app.add_flag("--include", options->include, "print the status and the headers first");
  app.add_flag("--fail", options->fail, "print no body unless the answer is 2xx");
  options->token.add_subject(app);
  options->token.add_restriction(app);
  return [options](const Context& context) { return send_call(*options, context); };
}

}  // namespace valetkey::cli
