// SPDX-License-Identifier: Apache-2.0
// A user's program: opens a configuration and prints the fingerprint of a token.

#include <valetkey/client.h>

#include <chrono>
#include <iostream>

int main(int count, char** words) {
  if (count != 2) return 2;

  auto client = valetkey::Client::open(words[1]);
  if (!client) {
    std::cerr << valetkey::describe(client.error()) << '\n';
    for (const auto& mistake : client.error().mistakes) {
      std::cerr << mistake.file << ':' << mistake.line << ": " << mistake.what << '\n';
    }
    return 1;
  }

  auto token = client->token({}, valetkey::deadline_in(std::chrono::seconds(30)));
  if (!token) {
    std::cerr << valetkey::describe(token.error()) << '\n';
    return 1;
  }
  std::cout << token->fingerprint().text() << '\n';
  return 0;
}
