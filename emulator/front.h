// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every request comes in here: it is counted, given its fault, and sent to whom it concerns.

#include <memory>

#include "emulator/server.h"
#include "emulator/state.h"

namespace valetkey::emulator {

/// Lives on the server's thread.
class Front final : public Service {
 public:
  explicit Front(State& state) : state_(&state) {}

  Delivery plan(const Request& request) override;
  Reply handle(const Request& request, const Delivery& delivery) override;

 private:
  State* state_;
};

}  // namespace valetkey::emulator
