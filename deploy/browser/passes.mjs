// Passes as a foreign program sees them: it reads the QR code of a picture, and checks it with the published lists.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

// The same as in the Makefile.
const FOLDER = 'pass-verifier-cwt-3.3.0';
const TOOLS = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'frontdoor/tools');
const PYTHON = join(process.env.PASS_VERIFIER || join(TOOLS, FOLDER), 'bin/python');

/// Gets a list that verifiers fetch, into a file.
function fetched(server, list) {
  const file = join(server.folder, `${list}.json`);
  writeFileSync(file, execFileSync('curl', ['-sSf', `${server.url}/vaccination-passes/${list}`]));
  return file;
}

/// The answer of the foreign program to the code in this picture. Without the program the test fails in CI; elsewhere the answer is
/// undefined, and a line says that nothing was verified.
export function foreignVerdict(server, picture) {
  if (!existsSync(PYTHON)) {
    assert.ok(!process.env.CI, 'passes must be verified by a foreign program in CI: run `make passes`');
    console.error(`NOT TESTED: no pass was verified by a foreign program, because ${PYTHON} is missing. \`make passes\` installs it.`);
    return undefined;
  }
  const [trust, revoked] = [fetched(server, 'trust-list'), fetched(server, 'revocation-list')];
  const request = `${JSON.stringify({ png: picture, trust, revoked })}\n`;
  return JSON.parse(execFileSync(PYTHON, ['deploy/passes/verify.py'], { input: request, encoding: 'utf8' }));
}
