// SPDX-License-Identifier: Apache-2.0
// The authorization server of the tests is one: valetkey's tests against it rest on these.

import assert from 'node:assert/strict';
import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { methods, places, startServer } from './authorization_server.mjs';

const urlencoded = (text) => new URLSearchParams([['', text]]).toString().slice(1);

/// Body fields and headers by which a client proves itself, from what was written for valetkey.
async function proofOf(client, issuer) {
  const config = await readFile(client.config, 'utf8');
  const value = (key) => config.match(new RegExp(`^${key} = "(.*)"$`, 'm'))?.[1];
  const file = (key) => readFile(
    join(dirname(client.config), value(key).replace('file:', '')), 'utf8');
  switch (value('client_auth')) {
    case 'client_secret_post':
      return {
        fields: { client_id: client.client_id, client_secret: await file('client_secret') },
      };
    case 'client_secret_basic': {
      const pair = [client.client_id, await file('client_secret')].map(urlencoded).join(':');
      return { headers: { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
    }
    default: {
      const part = (object) => Buffer.from(JSON.stringify(object)).toString('base64url');
      const seconds = Math.floor(Date.now() / 1000);
      const signed = `${part({ alg: value('algorithm'), kid: value('key_id') })}.${part({
        iss: client.client_id, sub: client.client_id, aud: issuer, jti: randomUUID(),
        iat: seconds, exp: seconds + 60,
      })}`;
      const signature = sign('sha256', Buffer.from(signed), {
        key: createPrivateKey(await file('private_key')), dsaEncoding: 'ieee-p1363',
      }).toString('base64url');
      return { fields: {
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: `${signed}.${signature}`,
      } };
    }
  }
}

for (const [name, words] of places) {
  describe(`the authorization server ${name}`, () => {
    let server;
    let metadata;

    before(async () => {
      server = await startServer(...words);
      const { origin, pathname } = new URL(server.issuer);
      const path = pathname === '/' ? '' : pathname;
      const answer = await fetch(`${origin}/.well-known/oauth-authorization-server${path}`);
      metadata = await answer.json();
    });

    after(() => server?.stop());

    const post = async (endpoint, fields, method = methods[0]) => {
      const proof = await proofOf(server.clients[method], server.issuer);
      return fetch(endpoint, {
        method: 'POST', headers: proof.headers,
        body: new URLSearchParams({ ...fields, ...proof.fields }),
      });
    };
    const token = async (fields, method) => {
      const answer = await post(metadata.token_endpoint,
                                { grant_type: 'client_credentials', ...fields }, method);
      return { status: answer.status, ...await answer.json() };
    };

    test('its metadata names it exactly', () => {
      assert.equal(metadata.issuer, server.issuer);
      for (const key of ['token_endpoint', 'introspection_endpoint', 'revocation_endpoint']) {
        assert.ok(metadata[key].startsWith(`${server.issuer}/`), metadata[key]);
      }
    });

    for (const method of methods) {
      test(`a client proves itself by ${method}`, async () => {
        const granted = await token({ scope: 'api:read' }, method);

        assert.equal(granted.status, 200, JSON.stringify(granted));
        assert.equal(granted.expires_in, 3600);
        assert.equal(granted.scope, 'api:read');
      });
    }

    test('a token for a resource is good at the resource', async () => {
      const granted = await token({ scope: 'api:read', resource: server.resource });
      const headers = { Authorization: `Bearer ${granted.access_token}` };

      const told = await (await fetch(`${server.api_url}whoami`, { headers })).json();
      const refused = await fetch(`${server.api_url}things`, { method: 'POST', headers });

      assert.equal(told.aud, server.resource);
      assert.equal(refused.status, 403);
    });

    test('an unknown resource is refused', async () => {
      const refused = await token({ resource: 'https://elsewhere.example/' });

      assert.equal(refused.error, 'invalid_target');
    });

    test('introspection sees a token end when it is revoked', async () => {
      const { access_token: value } = await token({ scope: 'api:read' });
      const introspect = async () =>
        (await post(metadata.introspection_endpoint, { token: value })).json();

      const alive = await introspect();
      const revoked = await post(metadata.revocation_endpoint, { token: value });
      const dead = await introspect();

      assert.equal(alive.active, true);
      assert.equal(alive.scope, 'api:read');
      assert.equal(revoked.status, 200);
      assert.equal(dead.active, false);
      const headers = { Authorization: `Bearer ${value}` };
      assert.equal((await fetch(`${server.api_url}whoami`, { headers })).status, 401);
    });

    test('what it wrote is for its owner alone', async () => {
      for (const client of Object.values(server.clients)) {
        assert.equal((await stat(client.config)).mode & 0o777, 0o600);
      }
    });
  });
}
