// SPDX-License-Identifier: Apache-2.0
// sdk_worker.mjs BASE_URL APP_FILE: one process of a fleet that uses Box's official SDK as its
// documentation has it: one BoxCcgAuth for each user, each with its default token storage. It takes
// the command `ask` of tests/fleet/worker.cc, and answers in the same form. An ask is
// `retrieveToken`; as many run at once as fleet_worker has threads.

import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

import { load } from '../../tests/node/packages.mjs';

const box = await load('box-node-sdk');
const { BaseUrls, NetworkSession } = await load('box-node-sdk/networking');

const [baseUrl, appFile] = process.argv.slice(2);
const app = JSON.parse(await readFile(appFile, 'utf8')).boxAppSettings;
const network = new NetworkSession({
  baseUrls: new BaseUrls({
    baseUrl, uploadUrl: `${baseUrl}/api`, oauth2Url: `${baseUrl}/api/oauth2`,
  }),
});
const auths = new Map();

function authOf(userId) {
  let auth = auths.get(userId);
  if (!auth) {
    auth = new box.BoxCcgAuth({
      config: new box.CcgConfig({
        clientId: app.clientID, clientSecret: app.clientSecret, userId,
      }),
    });
    auths.set(userId, auth);
  }
  return auth;
}

/// The same order each time for the same seed.
function shuffled(count, seed) {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; --last) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

async function ask(prefix, subjects, threads, seed) {
  const waits = [];
  const errors = {};
  const examples = {};
  const one = async (number) => {
    for (const index of shuffled(subjects, seed * 1000003 + number)) {
      const began = process.hrtime.bigint();
      try {
        await authOf(`${prefix}${index}`).retrieveToken(network);
      } catch (error) {
        const code = error.name ?? 'Error';
        errors[code] = (errors[code] ?? 0) + 1;
        examples[code] ??= String(error.message).slice(0, 200);
      }
      waits.push(Number(process.hrtime.bigint() - began) / 1000);
    }
  };
  const began = process.hrtime.bigint();
  await Promise.all(Array.from({ length: threads }, (_, number) => one(number)));
  const ended = process.hrtime.bigint();
  const failed = Object.values(errors).reduce((sum, count) => sum + count, 0);
  return {
    began_at: Number(began), ended_at: Number(ended), asks: waits.length,
    ok: waits.length - failed, errors, examples, waits_us: waits,
  };
}

const answer = (told) => process.stdout.write(`${JSON.stringify(told)}\n`);
answer({ ready: true, pid: process.pid });
for await (const line of createInterface({ input: process.stdin })) {
  const [command, prefix, ...numbers] = line.split(' ');
  if (command === 'quit') break;
  answer(command === 'ask' ? await ask(prefix, ...numbers.slice(0, 3).map(Number))
                           : { error: 'usage' });
}
