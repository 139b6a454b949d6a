// A receptionist runs the day.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { toCheck } from './booking.mjs';
import { Server, Window, closeBrowser } from './support.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  await closeBrowser();
  await server?.stop();
});

/// The next weekday, `days` after tomorrow, on which the demonstration has sessions.
function weekday(days = 0) {
  const date = new Date(Date.now() + (1 + days) * 86_400_000);
  while ([0, 6].includes(date.getUTCDay())) date.setUTCDate(date.getUTCDate() + 1);
  return date.toISOString().slice(0, 10);
}

async function signedIn(id, options) {
  const window = await Window.open(server, options);
  await window.signIn(id);
  return window;
}

for (const [name, options] of [
  ['with JavaScript', {}],
  ['without JavaScript', { script: false }],
  ['at 320 px', { width: 320, height: 640 }],
]) {
  test(`the desk publishes, extends and withdraws a clinic session: ${name}`, async () => {
    const window = await signedIn('reception', options);
    const { page } = window;
    await window.seen('today');
    await page.getByRole('link', { name: 'Clinic sessions', exact: true }).click();
    await window.seen('the clinic sessions');
    await page.goto(`/desk/sessions/new?date=${weekday()}`);
    await window.seen('a new session');
    await page.getByLabel('Start').fill('18:30');
    await page.getByLabel('End').fill('19:00');
    await page.getByLabel('Minutes of a slot').fill('0');
    await page.getByLabel('Service').fill('nurse');
    await page.getByLabel('Face to face').check();
    await page.getByLabel("Clinician's name").fill('Dr <b>Test</b>');
    await page.getByLabel("Clinician's role").fill('Nurse & more');
    await page.getByRole('button', { name: 'Show the slots' }).click();
    await page.locator('.nhsuk-error-summary').waitFor();
    await page.getByLabel('Minutes of a slot').fill('15');
    await page.getByRole('button', { name: 'Show the slots' }).click();
    await page.getByText('2 slots of 15 minutes').waitFor();
    await window.seen('the preview');
    await page.getByRole('button', { name: 'Publish this session' }).click();
    await page.getByText('The clinic session is published').waitFor();
    assert.ok((await page.locator('main').innerText()).includes('Dr <b>Test</b>'));
    await window.seen('the day with the session');
    await page.getByRole('link', { name: 'Change the clinic sessions of this day' }).click();
    await window.seen('the sessions of the day');
    await page.getByRole('link', { name: /Withdraw.*Test/ }).first().click();
    await window.seen('the check before withdrawing');
    await page.getByRole('button', { name: /[Ww]ithdraw/ }).click();
    await page.waitForURL(/\/desk\/(days|sessions)/);
    await page.goto(`/desk/days/${weekday()}`);
    assert.ok(!(await page.locator('main').innerText()).includes('Dr <b>Test</b>'));
    window.faultless('the journey');
    await window.close();
  });
}

test('the desk finds a patient, books, and sees it in the day', async () => {
  const patient = await signedIn('alice');
  await toCheck(patient, { day: 0, time: 7, reason: 'A rash' });
  await patient.page.getByRole('button', { name: 'Book this appointment' }).click();
  await patient.page.getByText('Appointment booked').first().waitFor();
  const day = new URL(patient.page.url()).pathname.match(/\d{4}-\d\d-\d\d/)[0];
  await patient.close();

  const window = await signedIn('reception');
  const { page } = window;
  await page.goto(`/desk/days/${day}`);
  await page.getByText('A rash').waitFor();
  await page.locator('a[href^="/desk/patients/"]').filter({ hasNotText: 'Patients' }).first().click();
  await page.getByRole('heading', { name: 'Alice Example' }).waitFor();
  await window.seen('the patient');
  await page.getByRole('link', { name: 'Book an appointment for this patient' }).click();
  await page.getByRole('radio').first().check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.locator('.nhsuk-list--border a').nth(1).click();
  await page.locator('.frontdoor-times button').first().click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await window.seen('the check of a booking by the desk');
  await page.getByRole('button', { name: 'Book this appointment' }).click();
  await page.getByText('Appointment booked').first().waitFor();
  await window.seen('the booking by the desk');
  await page.getByRole('link', { name: 'Cancel this appointment' }).click();
  await page.getByLabel('The patient asked for it').check();
  await page.getByRole('button', { name: 'Cancel this appointment' }).click();
  await page.getByText('Appointment cancelled').first().waitFor();
  await page.goto('/desk/patients');
  await window.seen('the search');
  await page.getByLabel("The patient's id").fill('nobody');
  await page.getByRole('button', { name: 'Find the patient' }).click();
  await page.locator('.nhsuk-error-summary').waitFor();
  await window.close();
});

test('the day moves while patients book', async () => {
  const [desk, patient] = [await signedIn('reception'), await signedIn('dilys')];
  await toCheck(patient, { day: 2, time: 9 });
  const day = new URL(patient.page.url()).searchParams.get('at').slice(0, 10);
  await desk.page.goto(`/desk/days/${day}`);
  const booked = desk.page.getByText(/, 1 booked/);
  await desk.page.getByText(/held, 0 booked/).waitFor();
  await patient.page.getByRole('button', { name: 'Book this appointment' }).click();
  await patient.page.getByText('Appointment booked').first().waitFor();
  await booked.waitFor();
  desk.faultless('the live day');
  await desk.close();
  await patient.close();
});

test('the desk changes the settings of its practice', async () => {
  const window = await signedIn('reception');
  const { page } = window;
  await page.getByRole('link', { name: 'Settings' }).click();
  await window.seen('the settings');
  const field = page.locator('main input.nhsuk-input').first();
  await field.fill('0');
  await page.locator('main form button').first().click();
  await page.locator('.nhsuk-error-summary').waitFor();
  await page.locator('main input.nhsuk-input').first().fill('30');
  await page.locator('main form button').first().click();
  await page.waitForURL(/settings\?/);
  assert.equal(await page.locator('main input.nhsuk-input').first().inputValue(), '30');
  await window.seen('the settings after a change');
  await window.close();
});
