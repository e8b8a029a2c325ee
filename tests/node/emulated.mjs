// SPDX-License-Identifier: Apache-2.0
// `valetkey emulate` as a process, with what the tests ask of its control paths.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/// Starts the emulator on a port of its own choosing; resolves when it says that it is ready.
export async function startEmulator() {
  const directory = await mkdtemp(join(tmpdir(), 'valetkey-node-'));
  const program = join(process.env.VALETKEY_BINARY_DIR, 'valetkey');
  const child = spawn(
    program, ['emulate', '--listen', '127.0.0.1:0', '--write-config', join(directory, 'config')],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, 'line'),
    ended.then(([code]) => { throw new Error(`valetkey emulate ended with ${code}`); }),
  ]);
  const facts = JSON.parse(line);
  return new Emulated(facts.base_url, facts.config_dir, async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(directory, { recursive: true });
  });
}

class Emulated {
  constructor(baseUrl, configDir, stop) {
    this.baseUrl = baseUrl;
    this.configDir = configDir;
    this.stop = stop;
  }

  /// The text of a file that the emulator wrote.
  read(name) {
    return readFile(join(this.configDir, name), 'utf8');
  }

  /// What Box's console gives a developer: the ids and the secret of the application.
  async application() {
    const settings = JSON.parse(await this.read('box-app.json'));
    return {
      clientId: settings.boxAppSettings.clientID,
      clientSecret: settings.boxAppSettings.clientSecret,
      enterpriseId: settings.enterpriseID,
    };
  }

  async developerToken() {
    const config = await this.read('valetkey-developer.toml');
    const [, path] = config.match(/^developer_token\s*=\s*"file:([^"]+)"/m);
    return (await this.read(path.split('/').pop())).trim();
  }

  async control(path, body) {
    const answer = await fetch(`${this.baseUrl}/_emulator/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`/_emulator/${path}: ${answer.status} ${text}`);
    return text === '' ? {} : JSON.parse(text);
  }

  ledger() {
    return this.control('ledger');
  }

  /// What a person's browser does: opens the page, and grants access as that user.
  async grantAccess(authorizeUrl, userId) {
    const asked = new URL(authorizeUrl);
    const page = await fetch(`${this.baseUrl}/api/oauth2/authorize${asked.search}`);
    const html = await page.text();
    if (page.status !== 200) throw new Error(`the authorize page answered ${page.status}: ${html}`);
    const form = new URLSearchParams();
    for (const [input] of html.matchAll(/<input\b[^>]*>/g)) {
      const of = (name) => input.match(new RegExp(`\\b${name}="([^"]*)"`))?.[1];
      if (of('type') === 'hidden') form.set(of('name'), unescapeHtml(of('value') ?? ''));
    }
    form.set('user_id', userId);
    form.set('decision', 'grant');
    const action = html.match(/<form\b[^>]*\baction="([^"]*)"/)?.[1] ?? '';
    const answer = await fetch(new URL(unescapeHtml(action), page.url), {
      method: 'POST', body: form, redirect: 'manual',
    });
    if (answer.status !== 302) throw new Error(`granting answered ${answer.status}`);
    return new URL(answer.headers.get('location'));
  }
}

function unescapeHtml(text) {
  return text.replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>').replace(/&amp;/g, '&');
}
