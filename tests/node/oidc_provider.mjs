// SPDX-License-Identifier: Apache-2.0
// oidc-provider, a certified authorization server, with clients that valetkey is to be.
//
//   node oidc_provider.mjs DIR [--path /PATH] [--openid-only]
//
// Listens on a loopback port of its own choosing. Writes a secret or key per client (mode 0600) and
// one valetkey configuration per client into DIR, then prints one JSON line:
//   {"issuer": ..., "api_url": ..., "resource": ..., "clients": {METHOD: {"client_id", "config"}}}
// The client "refresh_token" acts for a person who has signed in; each use of its refresh token
// brings the next one, and a second use revokes them all (RFC 9700 §4.14.2).
// With --path the issuer has a path, so that its metadata stands where RFC 8414 §3.1 puts it; with
// --openid-only they stand where OpenID Connect Discovery §4 does, and there alone.
// Beside the server stands a small API under /api/ that takes its tokens. Ends on SIGTERM, or when
// its standard input ends.

import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { load } from './packages.mjs';

// The provider tells developers what to change for production; standard output is for the one line.
console.info = console.warn = console.error;

const { default: Provider, errors } = await load('oidc-provider');
const scopes = ['api:read', 'api:write'];
const scopesOfNobody = ['api:admin'];
const wellKnown = '/.well-known/oauth-authorization-server';

/// A client per way of proving who it is. What proves it is made afresh at each start.
function makeClients() {
  // Everything that a form or a Basic header must encode; RFC 6749 §2.3.1.
  const awkwardSecret = () => `${randomBytes(24).toString('base64url')}:+/%&= ~`;
  const secrets = {
    client_secret_post: { client_secret: randomBytes(32).toString('base64url') },
    client_secret_basic: { client_secret: awkwardSecret() },
  };
  const keys = {
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  };
  for (const [alg, { publicKey, privateKey }] of Object.entries(keys)) {
    const kid = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' }))
      .digest('hex').slice(0, 16);
    secrets[`private_key_jwt_${alg.toLowerCase()}`] = {
      pem: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      alg,
      kid,
      jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' }] },
    };
  }
  const clients = Object.entries(secrets).map(([name, secret]) => ({
    name,
    method: name.replace(/_(rs|es)256$/, ''),
    grant: 'client_credentials',
    id: `valetkey-${name.replaceAll('_', '-')}`,
    ...secret,
  }));
  return [...clients, {
    name: 'refresh_token',
    method: 'client_secret_basic',
    grant: 'refresh_token',
    id: 'valetkey-refresh-token',
    client_secret: awkwardSecret(),
  }];
}

function metadataOf(client) {
  return {
    client_id: client.id,
    client_secret: client.client_secret,
    jwks: client.jwks,
    token_endpoint_auth_method: client.method,
    token_endpoint_auth_signing_alg: client.alg,
    grant_types: client.grant === 'refresh_token' ? ['authorization_code', client.grant]
                                                  : [client.grant],
    redirect_uris: client.grant === 'refresh_token' ? ['https://client.example/callback'] : [],
    response_types: client.grant === 'refresh_token' ? ['code'] : [],
    scope: scopes.join(' '),
  };
}

function configurationOf(resource) {
  return {
    scopes: [...scopes, ...scopesOfNobody],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (ctx, asked) => {
          if (asked !== resource) throw new errors.InvalidTarget();
          return { scope: scopes.join(' '), audience: resource, accessTokenFormat: 'opaque' };
        },
      },
    },
    ttl: { ClientCredentials: 3600, AccessToken: 3600, RefreshToken: 86400, Grant: 86400 },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    // RFC 7523 §3 lets a server refuse what was signed in its future; many do.
    assertJwtClientAuthClaimsAndHeader: async (ctx, claims) => {
      if (claims.iat > Date.now() / 1000 + 60) throw new errors.InvalidClientAuth('iat');
    },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  };
}

/// Takes the server's tokens: GET needs any, anything else the scope api:write (RFC 6750 §3.1).
async function answerApi(provider, request, response) {
  const send = (status, body, challenge) => {
    if (challenge) response.setHeader('WWW-Authenticate', `Bearer realm="api"${challenge}`);
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  const [, value] = request.headers.authorization?.match(/^Bearer (\S+)$/i) ?? [];
  if (value === undefined) return send(401, { error: 'no token' }, '');
  const token = await provider.ClientCredentials.find(value) ??
                await provider.AccessToken.find(value);
  if (!token?.isValid) return send(401, { error: 'invalid_token' }, ', error="invalid_token"');
  if (request.method !== 'GET' && !token.scopes.has('api:write')) {
    return send(403, { error: 'insufficient_scope' },
                ', error="insufficient_scope", scope="api:write"');
  }
  return send(200, { client_id: token.clientId, scope: token.scope ?? '', aud: token.aud ?? null });
}

async function writeSecretFile(path, text) {
  await writeFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600);
}

/// What a person's sign-in would have left: a grant, and the refresh token of it.
async function signIn(provider, client) {
  const about = { accountId: 'ada', clientId: client.id };
  const grant = new provider.Grant(about);
  grant.addOIDCScope(scopes.join(' '));
  const token = new provider.RefreshToken({
    ...about, client: await provider.Client.find(client.id), grantId: await grant.save(),
    gty: 'authorization_code', scope: scopes.join(' '), expiresWithSession: false, rotations: 0,
  });
  return token.save();
}

/// The client's secret or key, and the configuration that names it; the configuration's path.
async function writeConfig(directory, client, issuer, apiUrl) {
  const lines = [
    'environment = "production"', '', '[provider.oidc]', 'type = "oauth2"', `issuer = "${issuer}"`,
    `api_url = "${apiUrl}"`, `grant = "${client.grant}"`, `client_id = "${client.id}"`,
    `client_auth = "${client.method}"`, 'narrow = "request"',
    `extra_scopes = [${scopes.map((scope) => `"${scope}"`).join(', ')}]`,
  ];
  if (client.pem) {
    await writeSecretFile(join(directory, `${client.name}.pem`), client.pem);
    lines.push(`private_key = "file:${client.name}.pem"`, `key_id = "${client.kid}"`,
               `algorithm = "${client.alg}"`);
  } else {
    await writeSecretFile(join(directory, `${client.name}.secret`), client.client_secret);
    lines.push(`client_secret = "file:${client.name}.secret"`);
  }
  if (client.refresh_token) {
    await writeSecretFile(join(directory, `${client.name}.token`), client.refresh_token);
    lines.push(`refresh_token = "file:${client.name}.token"`);
  }
  const path = join(directory, `${client.name}.toml`);
  await writeSecretFile(path, `${lines.join('\n')}\n`);
  return path;
}

/// The provider's own handler, below `path`; its metadata also where RFC 8414 §3.1 puts it, unless
/// it is of the kind that knows OpenID Connect Discovery alone.
function mount(provider, path, openidOnly) {
  const handle = provider.callback();
  return (request, response) => {
    request.originalUrl = request.url;
    if (openidOnly && request.url.includes(wellKnown)) {
      response.writeHead(404).end();
      return;
    }
    if (request.url.startsWith('/api/')) {
      answerApi(provider, request, response).catch((error) => response.destroy(error));
      return;
    }
    if (path && request.url === wellKnown + path) {
      request.originalUrl = path + wellKnown;
      request.url = wellKnown;
    } else if (path && request.url.startsWith(`${path}/`)) {
      request.url = request.url.slice(path.length);
    } else if (path) {
      response.writeHead(404).end();
      return;
    }
    handle(request, response);
  };
}

async function main() {
  const { values, positionals: [directory] } = parseArgs({
    allowPositionals: true,
    options: {
      path: { type: 'string', default: '' }, 'openid-only': { type: 'boolean', default: false },
    },
  });
  if (!directory) throw new Error('usage: oidc_provider.mjs DIR [--path /PATH] [--openid-only]');
  const place = resolve(directory);
  await mkdir(place, { recursive: true, mode: 0o700 });

  const server = createServer();
  await new Promise((ready) => { server.listen(0, '127.0.0.1', ready); });
  const origin = `http://127.0.0.1:${server.address().port}`;
  const issuer = origin + values.path;
  const resource = `${origin}/api/`;
  const clients = makeClients();
  const provider = new Provider(issuer, { ...configurationOf(resource),
                                          clients: clients.map(metadataOf) });
  server.on('request', mount(provider, values.path, values['openid-only']));

  const told = {};
  for (const client of clients) {
    if (client.grant === 'refresh_token') client.refresh_token = await signIn(provider, client);
    told[client.name] = {
      client_id: client.id, config: await writeConfig(place, client, issuer, resource),
    };
  }
  process.stdout.write(
    `${JSON.stringify({ issuer, api_url: resource, resource, clients: told })}\n`);

  const stop = () => { server.close(); server.closeAllConnections(); process.stdin.destroy(); };
  process.on('SIGTERM', stop);
  process.stdin.on('end', stop).resume();
}

await main();
