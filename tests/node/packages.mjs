// SPDX-License-Identifier: Apache-2.0
// The npm packages. They are installed under build/, where an import from here does not look.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const directory = process.env.VALETKEY_NODE_DIR;
if (!directory) throw new Error('VALETKEY_NODE_DIR names the directory made by tests/node/prepare');
const require = createRequire(join(directory, 'package.json'));

export const load = (name) => import(pathToFileURL(require.resolve(name)).href);
