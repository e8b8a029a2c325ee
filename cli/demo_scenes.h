// SPDX-License-Identifier: Apache-2.0
#pragma once
// The scenes of `valetkey demo`, in the order in which they are played.

#include "cli/demo_stage.h"
#include "cli/narrator.h"

namespace valetkey::cli {

// Each tells, does and checks. Errors: whatever stopped the scene.
[[nodiscard]] Result<void> play_single_fetch(DemoStage& stage, Narrator& narrator);
[[nodiscard]] Result<void> play_narrowing(DemoStage& stage, Narrator& narrator);
[[nodiscard]] Result<void> play_unauthorized(DemoStage& stage, Narrator& narrator);
[[nodiscard]] Result<void> play_revocation(DemoStage& stage, Narrator& narrator);
[[nodiscard]] Result<void> play_developer_token(DemoStage& stage, Narrator& narrator);

}  // namespace valetkey::cli
