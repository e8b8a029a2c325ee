// SPDX-License-Identifier: Apache-2.0
// oidc_provider.mjs as a process.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = join(dirname(fileURLToPath(import.meta.url)), 'oidc_provider.mjs');

/// Where an issuer may stand: words for the script, by what they mean.
export const places = [['at its origin', []], ['below a path', ['--path', '/tenant/one']]];

export const methods = ['client_secret_post', 'client_secret_basic', 'private_key_jwt_rs256',
                        'private_key_jwt_es256'];

/// Resolves, when the server is ready, to what it prints and a way to stop it.
export async function startServer(...words) {
  const directory = await mkdtemp(join(tmpdir(), 'valetkey-oidc-'));
  const child = spawn(process.execPath, [script, directory, ...words],
                      { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended.then(([code]) => { throw new Error(`the authorization server ended with ${code}`); }),
  ]);
  return {
    ...JSON.parse(line),
    stop: async () => {
      child.stdin.end();
      await ended;
      await rm(directory, { recursive: true });
    },
  };
}
