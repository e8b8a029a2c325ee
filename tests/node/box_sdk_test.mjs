// SPDX-License-Identifier: Apache-2.0
// Box's own SDK, unmodified, against the emulator: whoever writes for Box can test on it.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Readable } from 'node:stream';

import { startEmulator } from './emulated.mjs';
import { load } from './packages.mjs';

const box = await load('box-node-sdk');
const { BaseUrls, BoxRetryStrategy, NetworkSession } = await load('box-node-sdk/networking');

let emulator;
let app;
let network;
let users;

before(async () => {
  emulator = await startEmulator();
  app = await emulator.application();
  network = new NetworkSession({
    baseUrls: new BaseUrls({
      baseUrl: emulator.baseUrl,
      uploadUrl: `${emulator.baseUrl}/api`,
      oauth2Url: `${emulator.baseUrl}/api/oauth2`,
    }),
    retryStrategy: new BoxRetryStrategy({ retryBaseInterval: 0.01 }),
  });
  users = (await client(ccgEnterprise()).users.getUsers()).entries;
});

after(() => emulator?.stop());

const client = (auth) => new box.BoxClient({ auth, networkSession: network });
const developer = (token) => new box.BoxDeveloperTokenAuth({
  token, config: { clientId: app.clientId, clientSecret: app.clientSecret },
});
const ccgEnterprise = () => new box.BoxCcgAuth({ config: new box.CcgConfig(app) });
const ccgUser = (userId) => new box.BoxCcgAuth({
  config: new box.CcgConfig({
    clientId: app.clientId, clientSecret: app.clientSecret, userId,
  }),
});
const jwt = async () => new box.BoxJwtAuth({
  config: box.JwtConfig.fromConfigJsonString(await emulator.read('box-app.json')),
});
const oauth = () => new box.BoxOAuth({
  config: new box.OAuthConfig({ clientId: app.clientId, clientSecret: app.clientSecret }),
});
const someone = () => users.find((user) => user.login.startsWith('ben@'));

const fileUrl = (id) => `https://api.box.com/2.0/files/${id}`;
const folderUrl = (id) => `https://api.box.com/2.0/folders/${id}`;
const freshName = (word) => `${word}-${randomBytes(4).toString('hex')}`;
const status = (wanted) => (error) => {
  assert.equal(error.responseInfo?.statusCode, wanted, error.message);
  return true;
};
/// A kill behind the client's back.
const killUpstream = (choice) => emulator.control('tokens/revoke', choice);

async function bytesOf(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function upload(boxClient, name, bytes, folder = '0') {
  const files = await boxClient.uploads.uploadFile({
    attributes: { name, parent: { id: folder } }, file: Readable.from([bytes]),
  });
  return files.entries[0];
}

describe('JWT from the app-settings file', () => {
  test('the enterprise is its service account', async () => {
    const auth = await jwt();

    const me = await client(auth).users.getUserMe({ fields: ['enterprise'] });

    assert.equal(me.enterprise.id, app.enterpriseId);
    assert.notEqual(me.id, someone().id);
  });

  test('a user is that user', async () => {
    const auth = (await jwt()).withUserSubject(someone().id);

    const me = await client(auth).users.getUserMe();

    assert.equal(me.id, someone().id);
  });

  test('a token that was revoked is followed by a new one', async () => {
    const auth = await jwt();
    const first = await auth.retrieveToken(network);

    await auth.revokeToken(network);
    const second = await auth.retrieveToken(network);

    assert.notEqual(second.accessToken, first.accessToken);
  });
});

describe('client credentials', () => {
  test('the enterprise is its service account', async () => {
    const me = await client(ccgEnterprise()).users.getUserMe(
      { fields: ['enterprise'] });

    assert.equal(me.enterprise.id, app.enterpriseId);
  });

  test('a user is that user', async () => {
    const me = await client(ccgUser(someone().id)).users.getUserMe();

    assert.equal(me.id, someone().id);
  });

  test('the token lives an hour and some minutes', async () => {
    const token = await ccgEnterprise().retrieveToken(network);

    assert.equal(token.tokenType, 'bearer');
    assert.ok(token.expiresIn >= 3600 && token.expiresIn <= 4250, `${token.expiresIn} s`);
  });

  test('a wrong secret is refused in Box\'s words', async () => {
    const auth = new box.BoxCcgAuth({
      config: new box.CcgConfig({ ...app, clientSecret: randomBytes(16).toString('hex') }),
    });

    await assert.rejects(auth.retrieveToken(network), (error) => {
      assert.equal(error.responseInfo.statusCode, 400);
      assert.equal(error.responseInfo.body.error_description, 'Grant credentials are invalid');
      return true;
    });
  });

  test('a token killed upstream is followed by a new one and the call succeeds', async () => {
    const auth = ccgUser(someone().id);
    const boxClient = client(auth);
    await boxClient.users.getUserMe();
    const before = await emulator.ledger();

    await killUpstream({ subject: `user:${someone().id}` });
    const me = await boxClient.users.getUserMe();
    const after = await emulator.ledger();

    assert.equal(me.id, someone().id);
    assert.equal(after.token_requests.total - before.token_requests.total, 1);
    assert.equal((after.api_calls['401'] ?? 0) - (before.api_calls['401'] ?? 0), 1);
  });

  test('an expired token is followed by a new one', async () => {
    const auth = ccgUser(someone().id);
    const first = await auth.retrieveToken(network);

    await emulator.control('tokens/expire', { subject: `user:${someone().id}` });
    await client(auth).users.getUserMe();

    const second = await auth.retrieveToken(network);
    assert.notEqual(second.accessToken, first.accessToken);
  });
});

describe('a developer token', () => {
  test('acts for the person at the console', async () => {
    const me = await client(developer(await emulator.developerToken())).users.getUserMe();

    assert.equal(me.login, 'ada@enterprise.example');
  });

  test('cannot be refreshed when it has ended', async () => {
    const auth = developer(await emulator.developerToken());
    await emulator.control('tokens/expire', { subject: `user:${users[0].id}` });
    const admin = users.find((user) => user.login.startsWith('ada@'));
    await emulator.control('tokens/expire', { subject: `user:${admin.id}` });

    await assert.rejects(client(auth).users.getUserMe(), /Developer token has expired/);

    await emulator.control('reset', {});
  });
});

describe('downscoping', () => {
  let parent;
  let boxClient;
  let one;
  let other;

  before(async () => {
    parent = ccgEnterprise();
    boxClient = client(parent);
    one = await upload(boxClient, freshName('one'), Buffer.from('one'));
    other = await upload(boxClient, freshName('two'), Buffer.from('two'));
  });

  test('the token tells what it is restricted to', async () => {
    const child = await parent.downscopeToken(
      ['item_rename', 'item_preview'], fileUrl(one.id), undefined, network);

    assert.deepEqual(child.restrictedTo.map((entry) => entry.scope).sort(),
                     ['item_preview', 'item_rename']);
    for (const entry of child.restrictedTo) assert.equal(entry.object.id, one.id);
    assert.equal(child.issuedTokenType, 'urn:ietf:params:oauth:token-type:access_token');
  });

  test('a file\'s token downloads that file and no other', async () => {
    const child = await parent.downscopeToken(
      ['item_download'], fileUrl(one.id), undefined, network);
    const narrow = client(developer(child.accessToken));

    assert.equal((await bytesOf(await narrow.downloads.downloadFile(one.id))).toString(), 'one');
    await assert.rejects(narrow.downloads.downloadFile(other.id), status(403));
  });

  test('a right that was not asked for is refused', async () => {
    const child = await parent.downscopeToken(
      ['item_rename', 'item_preview'], fileUrl(one.id), undefined, network);
    const narrow = client(developer(child.accessToken));

    const name = freshName('renamed');
    const renamed = await narrow.files.updateFileById(one.id, { requestBody: { name } });

    assert.equal(renamed.name, name);
    await assert.rejects(narrow.files.deleteFileById(one.id), status(403));
  });

  test('a folder\'s token reaches what is below it and nothing beside it', async () => {
    const folder = await boxClient.folders.createFolder(
      { name: freshName('folder'), parent: { id: '0' } });
    const inside = await upload(boxClient, 'inside.txt', Buffer.from('inside'), folder.id);
    const child = await parent.downscopeToken(
      ['base_explorer', 'item_download'], folderUrl(folder.id), undefined, network);
    const narrow = client(developer(child.accessToken));

    const listed = await narrow.folders.getFolderItems(folder.id);

    assert.deepEqual(listed.entries.map((entry) => entry.id), [inside.id]);
    assert.equal(
      (await bytesOf(await narrow.downloads.downloadFile(inside.id))).toString(), 'inside');
    await assert.rejects(narrow.downloads.downloadFile(one.id), status(403));
  });

  test('a shared link stands for its item', async () => {
    const shared = await boxClient.sharedLinksFiles.addShareLinkToFile(
      one.id, { sharedLink: { access: 'open' } }, { fields: 'shared_link' });

    const child = await parent.downscopeToken(
      ['item_download'], undefined, shared.sharedLink.url, network);

    const narrow = client(developer(child.accessToken));
    assert.equal((await bytesOf(await narrow.downloads.downloadFile(one.id))).toString(), 'one');
    await assert.rejects(narrow.downloads.downloadFile(other.id), status(403));
  });

  test('a token without a resource keeps its scopes', async () => {
    const child = await parent.downscopeToken(['root_readonly'], undefined, undefined, network);
    const narrow = client(developer(child.accessToken));

    assert.equal((await bytesOf(await narrow.downloads.downloadFile(one.id))).toString(), 'one');
    await assert.rejects(
      upload(narrow, freshName('no'), Buffer.from('no')), status(403));
  });

  test('an unknown file cannot be asked for', async () => {
    await assert.rejects(
      parent.downscopeToken(['item_download'], fileUrl('999999999999999'), undefined, network),
      (error) => {
        assert.equal(error.responseInfo.body.error, 'invalid_resource');
        return true;
      });
  });

  test('the parent deletes what the child could not', async () => {
    const gone = await upload(
      boxClient, freshName('gone'), Buffer.from('gone'));

    await boxClient.files.deleteFileById(gone.id);

    await assert.rejects(boxClient.files.getFileById(gone.id), status(404));
  });
});

describe('revoking', () => {
  test('the token is refused afterwards', async () => {
    const auth = ccgEnterprise();
    const token = await auth.retrieveToken(network);
    const stranger = developer(token.accessToken);
    await client(stranger).users.getUserMe();

    await auth.revokeToken(network);

    await assert.rejects(client(stranger).users.getUserMe(), /Developer token has expired/);
    const answer = await fetch(`${emulator.baseUrl}/2.0/users/me`,
                               { headers: { Authorization: `Bearer ${token.accessToken}` } });
    assert.equal(answer.status, 401);
    assert.equal(
      answer.headers.get('www-authenticate'),
      'Bearer realm="Service", error="invalid_token", ' +
      'error_description="The access token provided is invalid."');
  });

  test('a narrowed token can be revoked by itself', async () => {
    const parent = ccgEnterprise();
    const child = await parent.downscopeToken(['root_readonly'], undefined, undefined, network);
    const narrow = developer(child.accessToken);

    await narrow.revokeToken(network);

    await assert.rejects(client(developer(child.accessToken)).users.getUserMe(),
                         /Developer token has expired/);
    await client(parent).users.getUserMe();
  });
});

describe('a person\'s sign-in', () => {
  const redirectUri = 'http://127.0.0.1:8080/callback';
  const signIn = async () => {
    const auth = oauth();
    const state = randomBytes(8).toString('hex');
    const back = await emulator.grantAccess(
      auth.getAuthorizeUrl({ state, redirectUri }), someone().id);
    assert.equal(back.searchParams.get('state'), state);
    await auth.getTokensAuthorizationCodeGrant(back.searchParams.get('code'), network);
    return { auth, code: back.searchParams.get('code') };
  };

  test('the code brings a token for that person', async () => {
    const { auth } = await signIn();

    const me = await client(auth).users.getUserMe();

    assert.equal(me.id, someone().id);
  });

  test('a code is good once', async () => {
    const { code } = await signIn();

    await assert.rejects(oauth().getTokensAuthorizationCodeGrant(code, network), status(400));
  });

  test('a refresh brings a new pair', async () => {
    const { auth } = await signIn();
    const first = await auth.retrieveToken(network);

    const second = await auth.refreshToken(network);

    assert.notEqual(second.accessToken, first.accessToken);
    assert.notEqual(second.refreshToken, first.refreshToken);
    assert.equal((await client(auth).users.getUserMe()).id, someone().id);
  });

  test('a token that was killed upstream is refreshed and the call succeeds', async () => {
    const { auth } = await signIn();
    const token = (await auth.retrieveToken(network)).accessToken;
    const fingerprint = createHash('sha256').update(token).digest('hex').slice(0, 12);

    await emulator.control('tokens/expire', { fingerprint });
    const me = await client(auth).users.getUserMe();

    assert.equal(me.id, someone().id);
    assert.notEqual((await auth.retrieveToken(network)).accessToken, token);
  });

  test('revoking ends the pair', async () => {
    const { auth } = await signIn();

    await auth.revokeToken(network);

    await assert.rejects(client(auth).users.getUserMe(), status(400));
  });
});

describe('content', () => {
  test('a file comes back as it went up', async () => {
    const boxClient = client(ccgEnterprise());
    const bytes = randomBytes(1024 * 1024);

    const file = await upload(boxClient, freshName('big'), bytes);

    assert.equal(file.size, bytes.length);
    assert.equal(file.sha1, createHash('sha1').update(bytes).digest('hex'));
    assert.deepEqual(await bytesOf(await boxClient.downloads.downloadFile(file.id)), bytes);
  });

  test('a name is taken once', async () => {
    const boxClient = client(ccgEnterprise());
    const name = freshName('once');
    await upload(boxClient, name, Buffer.from('one'));

    await assert.rejects(upload(boxClient, name, Buffer.from('two')), status(409));
  });

  test('the root lists its files and folders', async () => {
    const listed = await client(ccgEnterprise()).folders.getFolderItems('0');

    assert.ok(listed.entries.filter((entry) => entry.type === 'file').length >= 3);
    assert.ok(listed.entries.some((entry) => entry.type === 'folder'));
    assert.equal(listed.totalCount, listed.entries.length);
  });

  test('a folder tells its name and its items', async () => {
    const boxClient = client(ccgEnterprise());
    const listed = await boxClient.folders.getFolderItems('0');
    const folder = listed.entries.find((entry) => entry.type === 'folder');

    const told = await boxClient.folders.getFolderById(folder.id);

    assert.equal(told.name, folder.name);
    assert.equal(told.parent.id, '0');
  });
});
