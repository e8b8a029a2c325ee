// SPDX-License-Identifier: Apache-2.0
// The command `valetkey` as a process that runs to its end.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/// Resolves to its exit status and what it wrote. `input` goes to its standard input.
export async function run(program, words, input = '') {
  const child = spawn(join(process.env.VALETKEY_BINARY_DIR, program), words, { stdio: 'pipe' });
  const written = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (text) => { written[stream] += text; });
  }
  child.stdin.on('error', () => {});  // it may end without having read it
  child.stdin.end(input);
  const [status] = await once(child, 'close');
  return { status, ...written };
}

export const valetkey = (config, words, input) =>
  run('valetkey', ['--config', config, ...words], input);
