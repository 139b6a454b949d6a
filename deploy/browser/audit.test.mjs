// An auditor reads what happened.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { toCheck } from './booking.mjs';
import { Server, Window, closeBrowser } from './support.mjs';

let server, position;
before(async () => {
  server = await Server.start();
  const window = await Window.open(server);
  await window.signIn('alice');
  await toCheck(window, { reason: 'A secret reason' });
  await window.page.getByRole('button', { name: 'Book this appointment' }).click();
  await window.page.getByText('Appointment booked').first().waitFor();
  position = Number(new URL(window.page.url()).searchParams.get('after').replace('care:', ''));
  await window.close();
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
  test(`an auditor reads the log, an event and a stream: ${name}`, async () => {
    const window = await Window.open(server, options);
    const { page } = window;
    await window.signIn('auditor');
    await window.seen('the log');
    await page.getByText('Go to a position, a stream or a time').click();
    await page.getByLabel('Position').fill(String(position));
    await page.getByRole('button', { name: 'Go to the event' }).click();
    await page.getByRole('heading', { name: `Event care:${position}` }).waitFor();
    const text = await page.locator('main').innerText();
    assert.ok(text.includes('appointment.booked.v1') && text.includes('***'), text.slice(0, 200));
    assert.ok(!(await page.content()).includes('A secret reason'), 'personal fields are closed');
    await window.seen('an event');
    await page.locator('a[href^="/audit/streams/diary-"]').first().click();
    await window.seen('a stream');
    assert.ok(!(await page.content()).includes('A secret reason'));
    await page.goto(`/audit/events/${position - 1}`);
    await page.getByText('appointment.slot-taken.v1').first().waitFor();
    await window.seen('the event before it');
    const missing = await page.goto('/audit/events/999999');
    assert.equal(missing.status(), 404);
    window.faultless('the journey');
    await window.close();
  });
}

test('others have no access to the log', async () => {
  const window = await Window.open(server);
  for (const id of ['alice', 'reception', 'operator']) {
    await window.page.goto('/sign-in');
    await window.page.locator(`form[action^="/sign-in/${id}"] button`).click();
    await window.page.waitForLoadState();
    for (const path of ['/audit', `/audit/events/${position}`]) {
      const answer = await window.context.request.get(path);
      assert.equal(answer.status(), 403, `${id} ${path}`);
    }
  }
  await window.close();
});

for (const width of [1280, 320]) {
  test(`the licences of what the server is made of are shown: ${width} px`, async () => {
    const window = await Window.open(server, { width });
    const { page } = window;
    await page.goto('/');
    await page.getByRole('link', { name: 'Licences' }).click();
    await page.getByRole('row', { name: /^SQLite 3\./ }).waitFor();
    await window.seen('the licences');
    await page.getByRole('link', { name: 'Every notice and licence text' }).click();
    await page.getByText('Permission is hereby granted').first().waitFor();
    window.faultless('the notices');
    await window.close();
  });
}
