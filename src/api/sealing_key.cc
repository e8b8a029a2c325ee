// SPDX-License-Identifier: Apache-2.0
#include "valetkey/sealing_key.h"

#include "crypto/seal.h"

namespace valetkey {

Secret generate_sealing_key() {
  return crypto::generate_sealing_key();
}

}  // namespace valetkey
