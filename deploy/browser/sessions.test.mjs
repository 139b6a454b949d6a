// A practice manager changes and withdraws clinic sessions that patients have booked.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Server, Window, closeBrowser } from './support.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  await closeBrowser();
  await server?.stop();
});

/// The day `days` ahead of today, within the two weeks that patients see. Each journey has a day and a service of its own.
const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

async function signedIn(id, options) {
  const window = await Window.open(server, options);
  await window.signIn(id);
  return window;
}

/// Publishes a session of a service that no other has, and leads to the sessions of its day.
async function published(window, { on, from = '09:00', until = '10:00', service = 'foot-care', code = '', clinician = 'Dr Una Test' }) {
  const { page } = window;
  await page.goto(`/desk/sessions/new?date=${on}`);
  await page.getByLabel('Start').fill(from);
  await page.getByLabel('End').fill(until);
  await page.getByLabel('Minutes of a slot').fill('20');
  await page.getByLabel('Service').fill(service);
  await page.getByLabel('Face to face').check();
  await page.getByLabel("Clinician's name").fill(clinician);
  await page.getByLabel("Clinician's role").fill('Podiatrist');
  await page.getByLabel("Clinician's code (optional)").fill(code);
  await page.getByRole('button', { name: 'Show the slots' }).click();
  await page.getByRole('button', { name: 'Publish this session' }).click();
}

/// Books the slot with this number of the service, the first that is free otherwise.
async function books(window, label, slot = 0) {
  const { page } = window;
  await page.goto('/book');
  await page.getByLabel(label).check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.locator('.nhsuk-list--border a').first().click();
  await page.locator('.frontdoor-times button').nth(slot).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Book this appointment' }).click();
  await page.getByText('Appointment booked').first().waitFor();
}

/// Loads the page again until it shows what follows from an event a moment later.
async function follows(page, address, shown) {
  await page.goto(address);
  for (let tries = 0; tries < 100 && (await shown.count()) === 0; tries += 1) await page.reload();
  await shown.first().waitFor();
}

/// The patient sees what happened among the appointments, with a way to book again, and has a message about it.
async function hears(patient, service) {
  const { page } = patient;
  const card = page.locator('.nhsuk-card').filter({ hasText: service }).filter({ hasText: 'Does not take place' });
  await follows(page, '/appointments', card);
  await patient.seen('the appointments after the change');
  await card.getByRole('link', { name: /Book another appointment/ }).click();
  await page.waitForURL(/\/book/);
  const news = page.getByRole('button', { name: 'Your appointment needs a new time' });
  await follows(page, '/messages', news);
  await news.first().click();
  await page.getByText(/Choose another time/).waitFor();
}

for (const [n, name, options] of [
  [0, 'with JavaScript', {}],
  [1, 'without JavaScript', { script: false }],
  [2, 'at 320 px', { width: 320, height: 640 }],
]) {
  test(`the desk withdraws a session that patients have booked: ${name}`, async () => {
    const [service, on] = [`foot-care-${n}`, day(2 + n)];
    const label = `Foot care ${n}, face to face`;
    const desk = await signedIn('reception', options);
    const { page } = desk;
    await letBook(desk);
    await published(desk, { on, service });
    await page.getByText('The clinic session is published').waitFor();
    const alice = await signedIn('alice');
    await books(alice, label);

    await page.goto(`/desk/sessions?date=${on}`);
    await page.getByRole('link', { name: /Withdraw the session of Dr Una Test/ }).click();
    await page.getByRole('heading', { name: '1 appointment will not take place' }).waitFor();
    assert.match(await page.locator('main').innerText(), /9:00am:\s+(Patient\s+)?Alice Example/);
    await desk.seen('the bookings of the session');

    // Another patient books in the meantime: the desk sees who, before anything is withdrawn.
    const dilys = await signedIn('dilys');
    await books(dilys, label);
    await page.getByRole('button', { name: 'Withdraw this session' }).click();
    await page.getByText('The bookings have changed since you looked at them').waitFor();
    await page.getByText('New: 9:20am, Dilys Fictional').waitFor();
    await page.getByRole('heading', { name: '2 appointments will not take place' }).waitFor();
    await desk.seen('the bookings after they have changed');
    await page.getByRole('button', { name: 'Withdraw this session' }).click();
    await page.getByText('The clinic session is withdrawn.').waitFor();

    for (const patient of [alice, dilys]) {
      await hears(patient, `Foot care ${n}`);
      await patient.close();
    }
    desk.faultless('the journey');
    await desk.close();
  });

  test(`the desk changes a session, and who no longer fits hears of it: ${name}`, async () => {
    const [service, on] = [`hand-care-${n}`, day(6 + n)];
    const label = `Hand care ${n}, face to face`;
    const desk = await signedIn('reception', options);
    const { page } = desk;
    await letBook(desk);
    await published(desk, { on, service });
    await page.getByText('The clinic session is published').waitFor();
    const [alice, dilys] = [await signedIn('alice'), await signedIn('dilys')];
    await books(alice, label);
    await books(dilys, label, 1);

    await page.goto(`/desk/sessions?date=${on}`);
    await page.getByRole('link', { name: /Change the session of Dr Una Test/ }).click();
    await desk.seen('the change');
    await page.getByLabel('End').fill('08:00');
    await page.getByRole('button', { name: 'Show what changes' }).click();
    await page.locator('.nhsuk-error-summary').waitFor();
    await desk.seen('a change that is impossible');
    await page.getByLabel('End').fill('10:00');
    await page.getByLabel('Start').fill('09:20');
    await page.getByRole('button', { name: 'Show what changes' }).click();
    await page.getByRole('heading', { name: '1 appointment will not take place' }).waitFor();
    const text = await page.locator('main').innerText();
    assert.match(text, /9:20am to 10:00am\s+Until now: 9:00am to 10:00am/);
    assert.match(text, /9:00am:\s+(Patient\s+)?Alice Example/);
    assert.match(text, /1 other appointment stays/);
    assert.doesNotMatch(text, /Dilys/);
    await desk.seen('what changes');
    await page.getByRole('button', { name: 'Change this session' }).click();
    await page.getByText('The clinic session is changed.').waitFor();

    await hears(alice, `Hand care ${n}`);
    await dilys.page.goto('/appointments');
    const handCare = dilys.page.locator('.nhsuk-card').filter({ hasText: `Hand care ${n}` });
    assert.equal(await handCare.filter({ hasText: 'Does not take place' }).count(), 0, 'Dilys keeps hers');
    assert.equal(await handCare.count(), 1);
    for (const window of [alice, dilys, desk]) await window.close();
  });
}

/// Lets patients book more often than the demonstration's practice does.
async function letBook(window) {
  const { page } = window;
  await page.goto('/desk/settings');
  await page.locator('#open').fill('20');
  await page.locator('main form button').first().click();
  await page.waitForURL(/settings\?/);
}

test('two sessions of one clinician do not overlap, and the refusal names the other', async () => {
  const desk = await signedIn('reception');
  const { page } = desk;
  const on = day(30);
  await published(desk, { on, from: '09:00', until: '10:00', code: 'G1234567' });
  await page.getByText('The clinic session is published').waitFor();
  await published(desk, { on, from: '09:40', until: '11:00', code: 'G1234567', clinician: 'Dr Una Late' });
  const sentence = 'The clinician has another session at that time: Dr Una Test, 9:00am to 10:00am, Foot care, face to face';
  await page.getByText(sentence).first().waitFor();
  await desk.valid('the refusal of a session that overlaps');
  await page.getByLabel('Start').fill('10:00');
  await page.getByRole('button', { name: 'Show the slots' }).click();
  await page.getByRole('button', { name: 'Publish this session' }).click();
  await page.getByText('The clinic session is published').waitFor();

  await page.goto(`/desk/sessions?date=${on}`);
  await page.getByRole('link', { name: /Extend the session of Dr Una Test/ }).click();
  await page.getByLabel('New end').fill('10:20');
  await page.getByRole('button', { name: 'Extend this session' }).click();
  const other = 'The clinician has another session at that time: Dr Una Late, 10:00am to 11:00am, Foot care, face to face';
  await page.getByText(other).first().waitFor();
  await desk.seen('an extension that overlaps');

  await page.goto(`/desk/sessions?date=${on}`);
  await page.getByRole('link', { name: /Extend the session of Dr Una Late/ }).click();
  await page.getByLabel('New end').fill('11:20');
  await page.getByRole('button', { name: 'Extend this session' }).click();
  await page.getByText('The clinic session is extended').waitFor();
  await page.getByRole('link', { name: /Change the session of Dr Una Late/ }).click();
  await page.getByLabel('Start').fill('09:00');
  await page.getByRole('button', { name: 'Show what changes' }).click();
  await page.getByText('Nobody has booked this session').waitFor();
  await page.getByRole('button', { name: 'Change this session' }).click();
  await page.getByText(sentence).first().waitFor();
  await desk.seen('a change that overlaps');
  await desk.close();
});
