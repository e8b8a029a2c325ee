// SPDX-License-Identifier: Apache-2.0
// A program on the public API: asks what its token is, revokes it, and asks again (RFC 7662).

#include <chrono>
#include <iostream>

#include "valetkey/client.h"

namespace {

int complain(const valetkey::Error& error) {
  std::cerr << valetkey::describe(error) << '\n';
  return 1;
}

void print(const valetkey::Introspection& told) {
  if (!told.active) {
    std::cout << "not active\n";
    return;
  }
  std::cout << "active " << told.client_id;
  for (const auto& scope : told.scopes)
    std::cout << ' ' << scope;
  std::cout << '\n';
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) return 2;
  const auto deadline = valetkey::deadline_in(std::chrono::seconds(30));
  auto client = valetkey::Client::open(words[1]);
  if (!client) return complain(client.error());
  const auto token = client->token({.scopes = {"api:read"}}, deadline);
  if (!token) return complain(token.error());

  const auto alive = client->introspect(*token, deadline);
  if (!alive) return complain(alive.error());
  print(*alive);

  const auto revoked = client->revoke(*token, deadline);
  if (!revoked) return complain(revoked.error());
  std::cout << "revoked " << revoked->delivered << '\n';

  const auto dead = client->introspect(*token, deadline);
  if (!dead) return complain(dead.error());
  print(*dead);
  return 0;
}
