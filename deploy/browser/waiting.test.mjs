// People wait for a time that becomes free, are offered one, and take it or not.

import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Server, Window, closeBrowser } from './support.mjs';
import { cancelFirst, saturday, toJoin } from './waiting.mjs';

// The longest wait for an offer that lapses after one minute, in milliseconds.
const LAPSE_MAX_MS = 120_000;
const SITE = 'A99001';

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

/// The subject id of an invented person by number: the demonstration derives it from a hash.
function subject(n) {
  const bytes = createHash('sha256').update(`frontdoor demonstration, person ${n}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
const GWEN = subject(6);

/// Gives a command as the desk of the practice.
async function give(name, body) {
  const header = readFileSync(join(server.folder, 'data', 'reception'), 'utf8').trim().split(': ')[1];
  const answer = await fetch(`${server.url}/commands/${name}`, {
    method: 'POST',
    headers: { Authorization: header, 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, `${name}: ${await answer.clone().text()}`);
}

let clinics = 0;
/// A clinic of its own service with one slot, which Gwen has. No other clinic is on its day, which is far ahead.
async function fullClinic() {
  clinics += 1;
  const day = new Date(Date.now() + (16 + clinics) * 86_400_000).toISOString().slice(0, 10);
  const [service, session] = [`clinic-${String.fromCharCode(96 + clinics)}`, `${SITE}.${String(clinics).padStart(12, '0')}`];
  await give('publish-session', {
    session, on: day, from: '12:00', until: '12:10', slotMinutes: 10, capacity: 1, service, channel: 'in-person',
    practitioner: { name: 'Dr Full Day', role: 'General practitioner' },
  });
  // At noon in London it is 11 or 12 o'clock in UTC.
  const hour = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', hour: 'numeric' });
  const noon = ['11', '12'].find((utc) => hour.format(new Date(`${day}T${utc}:00:00Z`)) === '12');
  const slot = { session, startsAt: `${day}T${noon}:00:00Z`, patient: GWEN };
  await give('book-appointment', slot);
  return { day, kind: `${service}.in-person`, free: () => give('cancel-appointment', { ...slot, reason: 'cancelled-by-citizen' }) };
}

async function joins(window, { kind, day }) {
  const { page } = window;
  await page.goto(`/waiting/join?kind=${kind}&from=${day}`);
  await page.getByRole('button', { name: 'Join the waiting list' }).click();
  await page.getByText('You are on the waiting list.').waitFor();
}

/// Waits until the page shows this: an open page follows changes, and without JavaScript a person loads it again.
async function shows(window, locator) {
  if (window.script) return locator.first().waitFor();
  for (const end = Date.now() + 30_000; !(await locator.count()); await window.page.reload()) {
    assert.ok(Date.now() < end, `${locator} does not appear`);
  }
}

test('a clinic is full, the desk cancels two bookings, and the second goes to the second in line', async () => {
  const [alice, desk] = [await signedIn('alice'), await signedIn('reception')];
  const { page } = alice;
  await toJoin(alice, (name) => alice.seen(name));
  await alice.seen('the form of the waiting list');
  await page.getByLabel('The last day that suits').fill('');
  await page.getByRole('button', { name: 'Join the waiting list' }).click();
  await page.locator('.nhsuk-error-summary').waitFor();
  await alice.seen('the form of the waiting list with a fault');
  await toJoin(alice);
  await page.getByRole('button', { name: 'Join the waiting list' }).click();
  await page.getByText('You are on the waiting list.').waitFor();
  await alice.seen('what Alice waits for');

  await desk.page.getByRole('link', { name: 'Waiting list' }).click();
  await desk.page.getByRole('row').nth(2).waitFor();
  await desk.seen('the waiting list at the desk');
  assert.equal(await desk.page.getByText('held until').count(), 0);
  await cancelFirst(desk, saturday());
  await desk.page.goto('/desk/waiting');
  const offers = desk.page.locator('tbody tr');
  await offers.nth(0).filter({ hasText: 'held until' }).waitFor();
  assert.equal(await offers.nth(1).filter({ hasText: 'held until' }).count(), 0, 'the first in line has the first');
  assert.equal(await page.getByText('A time is free').count(), 0);
  await cancelFirst(desk, saturday());

  // The page is open all the time.
  await page.getByText('A time is free').waitFor();
  await page.getByText(/left\)/).waitFor();
  await alice.seen('what Alice waits for, with an offer');
  await page.goto('/');
  await page.getByText('A time is free').waitFor();
  await alice.seen('the start page with an offer');
  await page.goto('/messages');
  await page.getByRole('button', { name: 'An appointment is free' }).click();
  await alice.seen('the message with the offer');
  await page.getByRole('link', { name: 'See this time' }).click();
  await page.getByText(/This time is held until .*left\)/).waitFor();
  await alice.seen('the offer');
  await page.getByRole('button', { name: 'Take this time' }).click();
  assert.equal(await alice.heading(), 'Appointment booked');
  await alice.seen('the confirmation');
  await page.goto('/waiting');
  await page.getByText('There is nothing.').waitFor();
  await alice.seen('the waiting lists without any');
  await alice.close();
  await desk.close();
});

for (const [name, options] of [
  ['with JavaScript', {}],
  ['without JavaScript', { script: false }],
  ['at 320 px', { width: 320, height: 640 }],
]) {
  test(`a patient waits, does not take a time, waits on, and leaves: ${name}`, async () => {
    const [window, desk] = [await signedIn('dilys', options), await signedIn('reception', options)];
    const { page } = window;
    const clinic = await fullClinic();
    await joins(window, clinic);
    await window.seen('the waiting lists');
    await page.goto(`/waiting/join?kind=${clinic.kind}`);
    await page.getByRole('button', { name: 'Join the waiting list' }).click();
    await page.getByText('You are on the waiting list of this practice already.').waitFor();
    await window.seen('the refusal of a second list');
    await page.getByRole('link', { name: 'See what you wait for' }).click();
    await clinic.free();
    await shows(window, page.getByText('A time is free'));
    await page.getByRole('link', { name: 'Take this time, or not' }).click();
    await window.seen('the offer');
    await page.getByRole('button', { name: 'Not this time' }).click();
    await page.getByText('The time goes to the next in line.').waitFor();
    assert.equal(await page.getByText('A time is free').count(), 0);
    await window.seen('the waiting lists after an offer was declined');
    await desk.page.goto('/desk/waiting');
    await desk.seen('the waiting list at the desk');
    await page.goto('/appointments');
    await page.getByRole('heading', { name: 'Your waiting lists' }).waitFor();
    await window.seen('the appointments with a waiting list');
    await page.getByRole('link', { name: 'Stop waiting' }).click();
    await window.seen('the check before leaving');
    await page.getByRole('button', { name: 'Stop waiting' }).click();
    await page.getByText('You do not wait any more.').waitFor();
    await page.getByText('There is nothing.').waitFor();
    window.faultless('the journey');
    await window.close();
    await desk.close();
  });
}

test('an offer that is not taken lapses, and the next in line takes the time', async () => {
  const desk = await signedIn('reception');
  await desk.page.goto('/desk/settings');
  await desk.page.getByLabel('How many minutes a free slot is held').fill('1');
  await desk.page.getByRole('button', { name: 'Save the settings' }).click();
  await desk.page.getByText('The settings are saved.').waitFor();
  await desk.close();
  const [alice, dilys, still] = [await signedIn('alice'), await signedIn('dilys'), await signedIn('alice', { script: false })];
  const clinic = await fullClinic();
  await joins(alice, clinic);
  await joins(dilys, clinic);
  await clinic.free();
  await alice.page.getByRole('link', { name: 'Take this time, or not' }).click();
  await alice.page.getByText(/This time is held until .*left\)/).waitFor();
  await still.page.goto(new URL(alice.page.url()).pathname);
  await still.page.getByRole('button', { name: 'Take this time' }).waitFor();
  assert.equal(await dilys.page.getByText('A time is free').count(), 0);

  // No page is loaded again: both follow the changes.
  await dilys.page.getByText('A time is free').waitFor({ timeout: LAPSE_MAX_MS });
  await alice.page.getByRole('heading', { name: 'This time is not held any more' }).waitFor();
  await alice.seen('an offer that has lapsed');
  await still.page.getByRole('button', { name: 'Take this time' }).click();
  await still.page.getByText('The offer has lapsed.').waitFor();
  await still.seen('the refusal after the lapse');
  await still.page.getByRole('link', { name: 'See the waiting lists' }).click();
  await still.page.getByRole('link', { name: 'Stop waiting' }).waitFor();

  await dilys.page.getByRole('link', { name: 'Take this time, or not' }).click();
  await dilys.page.getByRole('button', { name: 'Take this time' }).click();
  assert.equal(await dilys.heading(), 'Appointment booked');
  for (const window of [alice, dilys, still]) {
    window.faultless('the lapse');
    await window.close();
  }
});
