// An operator watches the system, and rebuilds a read model.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { rebuild } from './operating.mjs';
import { Server, Window, closeBrowser } from './support.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  await closeBrowser();
  await server?.stop();
});

for (const [name, options] of [
  ['with JavaScript', {}],
  ['without JavaScript', { script: false }],
  ['at 320 px', { width: 320, height: 640 }],
]) {
  test(`an operator watches and rebuilds: ${name}`, async () => {
    const window = await Window.open(server, options);
    await window.signIn('operator');
    await rebuild(window, 'my_appointments');
    window.faultless('the journey');
    await window.close();
  });
}

test('others have no access to the system', async () => {
  const window = await Window.open(server);
  for (const id of ['alice', 'reception', 'auditor']) {
    await window.page.goto('/sign-in');
    await window.page.locator(`form[action^="/sign-in/${id}"] button`).click();
    await window.page.waitForLoadState();
    for (const path of ['/operate', '/operate/read-models/practices', '/operate/live']) {
      const answer = await window.context.request.get(path);
      assert.equal(answer.status(), 403, `${id} ${path}`);
    }
  }
  await window.close();
});
