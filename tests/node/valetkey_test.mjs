// SPDX-License-Identifier: Apache-2.0
// valetkey against a certified authorization server: discovery, four ways of proving a client,
// resource indicators, introspection, revocation.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';

import { methods, places, startServer } from './authorization_server.mjs';
import { run, valetkey } from './command.mjs';

for (const [name, words] of places) {
  describe(`an issuer ${name}`, () => {
    let server;

    before(async () => { server = await startServer(...words); });
    after(() => server?.stop());

    const config = (method = methods[0]) => server.clients[method].config;
    const token = async (method, ...more) => {
      const ended = await valetkey(config(method), ['token', '--json', ...more]);
      assert.equal(ended.status, 0, ended.stderr);
      return JSON.parse(ended.stdout);
    };
    const whoami = async (value) => {
      const headers = { Authorization: `Bearer ${value}` };
      return (await fetch(`${server.api_url}whoami`, { headers })).status;
    };
    /// A copy of a configuration with one thing changed.
    const changed = async (label, from, to) => {
      const path = config().replace('.toml', `-${label}.toml`);
      const text = await readFile(config(), 'utf8');
      assert.match(text, from);
      await writeFile(path, text.replace(from, to), { mode: 0o600 });
      return path;
    };

    for (const method of methods) {
      test(`gives a token to a client that proves itself by ${method}`, async () => {
        const told = await token(method, '--scope', 'api:read');

        assert.equal(told.subject, 'client');
        assert.deepEqual(told.scopes, ['api:read']);
        assert.ok(told.expires_in > 3500 && told.expires_in <= 3600, `${told.expires_in} s`);
        assert.equal(await whoami(told.access_token), 200);
      });

      // Rule R1
      test(`takes a token back from a client that proves itself by ${method}`, async () => {
        const { access_token: value } = await token(method, '--full');

        const ended = await valetkey(config(method), ['revoke', '--token-stdin'], value);

        assert.equal(ended.status, 0, ended.stderr);
        assert.equal(await whoami(value), 401);
      });

      test(`tells a client that proves itself by ${method} of its token`, async () => {
        const ended = await run('introspect_twice', [config(method)]);

        assert.equal(ended.status, 0, ended.stderr);
        assert.deepEqual(ended.stdout.split('\n'), [
          `active ${server.clients[method].client_id} api:read`, 'revoked 1', 'not active', '',
        ]);
      });
    }

    // Rule R5: not at the price of the sign-in, which the server would take back with the token.
    test('programs one after another and at once live on one refresh token', async () => {
      const program = () => valetkey(config('refresh_token'), [
        'exec', '--full', '--env', 'TOKEN', '--', 'sh', '-c', 'test -n "$TOKEN"']);

      const first = await program();
      const others = await Promise.all([program(), program(), program()]);

      for (const ended of [first, ...others]) {
        assert.equal(ended.status, 0, ended.stderr);
        assert.match(ended.stderr, /hint: the token [0-9a-f]{12} is a person's/);
      }
      const narrow = await valetkey(config('refresh_token'), [
        'call', 'POST', '/api/things', '--scope', 'api:read']);
      assert.match(narrow.stdout, /insufficient_scope/);
    });

    test('gives a token for one resource', async () => {
      const ended = await valetkey(config(), [
        'call', 'GET', '/api/whoami', '--scope', 'api:read', '--resource', server.resource]);

      assert.equal(ended.status, 0, ended.stderr);
      assert.equal(JSON.parse(ended.stdout).aud, server.resource);
    });

    test('refuses an unknown resource, and the refusal is told', async () => {
      const ended = await valetkey(config(), [
        'token', '--scope', 'api:read', '--resource', 'https://elsewhere.example/']);

      assert.equal(ended.status, 3);
      assert.match(ended.stderr, /invalid_target/);
      assert.equal(ended.stdout, '');
    });

    // Rule U2
    test('a call that its scopes do not cover is refused and not repeated', async () => {
      const ended = await valetkey(config(), ['call', 'POST', '/api/things', '--scope', 'api:read']);

      assert.equal(ended.status, 3);
      assert.match(ended.stdout, /insufficient_scope/);
    });

    // Failure table: wrong secret
    test('refuses a wrong secret, and the hint names its source', async () => {
      await writeFile(config().replace('.toml', '-wrong.secret'), 'wrong', { mode: 0o600 });
      const wrong = await changed('wrong', /client_secret_post\.secret/,
                                  'client_secret_post-wrong.secret');

      const ended = await valetkey(wrong, ['token', '--full']);

      assert.equal(ended.status, 3);
      assert.match(ended.stderr, /invalid_client/);
      assert.match(ended.stderr, /hint: .*client_secret_post-wrong\.secret/);
    });

    test('is known by its exact name alone', async () => {
      const other = await changed('other', /127\.0\.0\.1/, 'localhost');

      const ended = await valetkey(other, ['token', '--full']);

      assert.notEqual(ended.status, 0);
      assert.equal(ended.stdout, '');
      assert.match(ended.stderr, /hint: .*issuer/);
    });
  });
}
