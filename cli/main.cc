// SPDX-License-Identifier: Apache-2.0
// The command `valetkey`.

#include "cli/program.h"
#include "valetkey/process.h"

int main(int argc, char** argv) {
  valetkey::harden_process();
  return valetkey::cli::run(argc, argv);
}
