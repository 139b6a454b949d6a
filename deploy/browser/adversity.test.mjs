// Faults while people use the pages: races, repeats, the back button, ended sign-ins, a killed server.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { booked, toCheck, toTimes } from './booking.mjs';
import { Server, Window, closeBrowser } from './support.mjs';

/// The subject id of the demonstration's second person, who is registered at another practice than reception works for.
const BOB = (() => {
  const bytes = createHash('sha256').update('frontdoor demonstration, person 1').digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
})();

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  await closeBrowser();
  await server?.stop();
});

async function signedIn(id, options) {
  const window = await Window.open(server, options);
  await window.signIn(id);
  return window;
}

test('two people choose one time: the second sees it go, and the times that are free', async () => {
  const [alice, dilys] = [await signedIn('alice'), await signedIn('dilys', { script: false })];
  await toTimes(alice, 2);
  await toTimes(dilys, 2);
  const slot = alice.page.locator('.frontdoor-times button').nth(4);
  const value = await slot.getAttribute('value');
  await slot.click();
  await alice.page.getByText('We are holding this time for you').waitFor();
  await dilys.page.locator(`button[value="${value}"]`).click();
  await dilys.page.getByText('Someone has just booked that time').waitFor();
  assert.ok((await dilys.page.locator('.frontdoor-times button').count()) > 0, 'the times that are free are shown');
  assert.equal(await dilys.page.locator(`button[value="${value}"]`).count(), 0);
  await dilys.seen('the times after a race');
  await alice.close();
  await dilys.close();
});

test('an open page shows a time go when another person takes it, and come back', async () => {
  const [alice, dilys] = [await signedIn('alice'), await signedIn('dilys')];
  await toTimes(dilys, 3);
  await toTimes(alice, 3);
  const slot = alice.page.locator('.frontdoor-times button').nth(6);
  const value = await slot.getAttribute('value');
  await slot.click();
  await dilys.page.locator(`button[value="${value}"]`).waitFor({ state: 'detached' });
  await alice.page.getByRole('button', { name: 'Choose another time' }).click();
  await dilys.page.locator(`button[value="${value}"]`).waitFor();
  dilys.faultless('live times');
  await alice.close();
  await dilys.close();
});

for (const script of [true, false]) {
  test(`a booking is one, however often it is sent: script ${script}`, async () => {
    const window = await signedIn(script ? 'bob' : 'chidi', { script });
    const { page } = window;
    await toCheck(window);
    await page.getByRole('button', { name: 'Book this appointment' }).dblclick();
    await page.getByText('Appointment booked').first().waitFor();
    await page.reload();
    assert.equal(await window.heading(), 'Appointment booked');
    await page.goBack();
    await page.getByRole('button', { name: 'Book this appointment' }).click();
    await page.getByText('Appointment booked').first().waitFor();
    assert.equal(await booked(window), 1);
    window.faultless('a booking sent often');
    await window.close();
  });
}

test('the back button keeps what was typed', async () => {
  const window = await signedIn('dilys');
  await toCheck(window, { day: 4, reason: 'A cough' });
  await window.page.goBack();
  assert.equal(await window.page.getByLabel('Reason for the appointment').inputValue(), 'A cough');
  await window.close();
});

test('a server that is killed between the form and its answer books once', async () => {
  const window = await signedIn('dilys');
  const { page } = window;
  await toCheck(window, { day: 5 });
  const form = page.locator('form', { has: page.getByRole('button', { name: 'Book this appointment' }) });
  const fields = await form.evaluate((form) => Object.fromEntries(new FormData(form)));
  const action = await form.evaluate((form) => form.action);
  const sent = await window.context.request.post(action, { form: fields, headers: { Origin: server.url }, maxRedirects: 0 });
  assert.equal(sent.status(), 303);
  // The answer is lost, and the server, too.
  await server.killAndStart();
  await page.getByRole('button', { name: 'Book this appointment' }).click();
  await page.getByText('Appointment booked').first().waitFor();
  assert.equal(await booked(window), 1);
  await window.close();
});

test('a page says that the sign-in is about to end, and then leads to the page for signing in', async () => {
  const window = await Window.open(server);
  await window.page.clock.install();
  await window.signIn('alice');
  const { page } = window;
  const notice = page.getByText('You will be signed out at');
  assert.equal(await notice.isVisible(), false);
  await page.clock.fastForward('27:30');
  assert.equal(await notice.isVisible(), false);
  await page.clock.fastForward('01:00');
  await notice.waitFor({ state: 'visible' });
  await window.seen('the page with the notice');
  await page.clock.fastForward('03:00');
  await page.getByText('You were signed out').waitFor();
  await window.seen('the page for signing in after the end');
  await window.close();
});

test('a form that comes after the sign-in has ended leads back to its page', async () => {
  const window = await signedIn('alice');
  const { page } = window;
  await toCheck(window, { day: 6 });
  const address = page.url();
  await server.kill();
  rmSync(join(server.folder, 'data', 'sign-ins.db'));
  await server.run();
  await page.getByRole('button', { name: 'Book this appointment' }).click();
  await page.getByRole('button', { name: 'Continue as Alice Example' }).click();
  await page.waitForURL(address);
  assert.equal(await booked(window), 0);
  await window.close();
});

test('signing out in one window ends the other', async () => {
  const window = await signedIn('alice');
  const other = await window.context.newPage();
  await other.goto('/appointments');
  await window.page.getByRole('button', { name: 'Sign out' }).click();
  await other.reload();
  await other.getByRole('heading', { name: 'Who are you?' }).waitFor();
  await window.close();
});

test('forms of other sites, and without the token, are refused', async () => {
  const window = await signedIn('alice');
  await toCheck(window, { day: 7 });
  const form = window.page.locator('form', { has: window.page.getByRole('button', { name: 'Book this appointment' }) });
  const fields = await form.evaluate((form) => Object.fromEntries(new FormData(form)));
  const action = await form.evaluate((form) => form.action);
  const send = (headers, form) => window.context.request.post(action, { form, headers, maxRedirects: 0 });
  for (const [headers, sent] of [
    [{ Origin: 'https://evil.example' }, fields],
    [{ Origin: 'null' }, fields],
    [{}, fields],
    [{ Origin: server.url }, { ...fields, 'form-token': 'x'.repeat(43) }],
    [{ Origin: server.url }, { 'form-key': fields['form-key'] }],
  ]) {
    const answer = await send(headers, sent);
    assert.equal(answer.status(), 403, JSON.stringify(headers));
  }
  assert.equal(await booked(window), 0);
  await window.close();
});

test("a page about another person answers as if the person did not exist", async () => {
  const alice = await signedIn('alice');
  await toCheck(alice, { day: 8 });
  await alice.page.getByRole('button', { name: 'Book this appointment' }).click();
  await alice.page.getByText('Appointment booked').first().waitFor();
  const address = new URL(alice.page.url());
  const bob = await signedIn('bob');
  const missing = address.pathname.replace(/[0-9A-Z]{12}\//, '0000000000ZZ/');
  for (const path of [address.pathname, missing]) {
    const answer = await bob.page.goto(path);
    assert.equal(answer.status(), 404, path);
    assert.equal(await bob.heading(), 'Sorry, this page is not here');
  }
  await bob.seen('an error page');
  const reception = await signedIn('reception');
  const answers = [];
  for (const subject of ['4a4e1c1e-0000-4000-8000-000000000000', BOB]) {
    const answer = await reception.page.goto(`/desk/patients/${subject}/appointments`);
    answers.push([answer.status(), await reception.page.locator('main h1, main > div p').allInnerTexts()]);
  }
  answers.forEach(([, texts]) => texts.pop());
  assert.deepEqual(answers[0], answers[1], 'a patient of another practice and nobody are the same');
  for (const window of [alice, bob, reception]) await window.close();
});
