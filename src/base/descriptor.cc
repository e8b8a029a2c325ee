// SPDX-License-Identifier: Apache-2.0
#include "base/descriptor.h"

#include <cerrno>
#include <system_error>

namespace valetkey::base {

Failure system_failure(int error, Errc otherwise, std::string what) {
  what += ": " + std::generic_category().message(error);
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return fail(Errc::exhausted, std::move(what), "make room on that file system");
  }
  if (error == EMFILE || error == ENFILE) {
    return fail(Errc::exhausted, std::move(what),
                "raise the limit of open files (ulimit -n; systemd: LimitNOFILE=)");
  }
  if (otherwise == Errc::misconfigured && (error == EACCES || error == EROFS)) {
    return fail(otherwise, std::move(what),
                "let the user that runs valetkey write to its directory");
  }
  return fail(otherwise, std::move(what));
}

}  // namespace valetkey::base
