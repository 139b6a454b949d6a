// Staff record a dose, and the patient sees it; a record that is wrong is voided; a recall reaches the patient.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Server, Window, closeBrowser, eventually } from './support.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  await closeBrowser();
  await server?.stop();
});

const LOT = 'EL-14/84';

/// The day in London so many days from now.
function day(days) {
  const then = new Date(Date.now() + days * 86_400_000);
  return new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London' }).format(then);
}

/// Opens the vaccinations of a patient at the desk.
async function atDesk(window, patient) {
  const { page } = window;
  await page.goto(`/desk/patients/${patient}`);
  await page.getByRole('link', { name: 'See and record the vaccinations' }).click();
}

function subject() {
  return execFileSync('cat', [join(server.folder, 'data', 'alice.subject')], { encoding: 'utf8' }).trim();
}

async function fill(page, { lot = LOT, expires = day(60) } = {}) {
  await page.getByLabel(/Comirnaty/).first().check();
  await page.getByLabel('Lot number').fill(lot);
  await page.getByLabel('Last day of use').fill(expires);
  await page.getByLabel('Given by').fill('Nora <b>Vaccinator</b>');
  await page.getByRole('button', { name: 'Record the dose' }).click();
}

test('a dose is recorded at the desk, seen by the patient, and its recall reaches the patient', async () => {
  const [desk, patient] = [await Window.open(server), await Window.open(server, { script: false, width: 320, height: 640 })];
  await desk.signIn('vaccinator');
  await patient.signIn('alice');
  await atDesk(desk, subject());
  await desk.seen('the vaccinations at the desk');
  await desk.page.getByRole('link', { name: 'Record a dose' }).click();
  await desk.seen('the form of a dose');
  await desk.page.getByRole('button', { name: 'Record the dose' }).click();
  await desk.page.getByText('Choose the vaccine').first().waitFor();
  await desk.seen('the form with faults');
  await fill(desk.page, { expires: day(-3) });
  await desk.page.getByText(/The lot expired on/).first().waitFor();
  await desk.seen('the form with the fault of the programme');
  await fill(desk.page);
  await desk.page.getByText('The dose is recorded.').waitFor();
  await desk.seen('the recorded dose');

  await patient.page.getByRole('link', { name: 'Vaccinations' }).last().click();
  await patient.page.getByText(LOT).waitFor();
  await patient.seen('the vaccinations of the patient');
  assert.ok((await patient.page.content()).includes('Nora &lt;b&gt;Vaccinator&lt;/b&gt;'));

  await desk.page.getByRole('link', { name: 'Record a dose' }).click();
  await fill(desk.page);
  await desk.page.getByText(/was given on/).first().waitFor();

  const token = join(server.folder, 'data', 'operator');
  const body = JSON.stringify({ lot: 'comirnaty.EL.2D14.2F84', reason: 'Glass in a vial' });
  const recalled = execFileSync('curl', ['-sf', '-H', `@${token}`, '-H', 'Content-Type: application/json', '-H',
    'Idempotency-Key: recall-of-the-journey', '-d', body, `${server.url}/commands/recall-lot`], { encoding: 'utf8' });
  assert.match(recalled, /lot\.recalled\.v1/);
  await eventually('the message', async () => {
    await patient.page.goto('/messages');
    return (await patient.page.getByRole('button', { name: 'About a vaccine that you had' }).count()) > 0;
  });
  await patient.page.getByRole('button', { name: 'About a vaccine that you had' }).click();
  await patient.page.getByRole('link', { name: 'See your vaccinations' }).click();
  await patient.page.getByText('The lot of this vaccine was recalled').waitFor();
  await patient.seen('a recalled dose');

  await atDesk(desk, subject());
  await desk.page.getByRole('link', { name: /Void this record/ }).click();
  await desk.seen('voiding');
  await desk.page.getByRole('button', { name: 'Void the record' }).click();
  await desk.page.getByText('Enter the reason').first().waitFor();
  await desk.page.getByLabel('Reason').fill('Given to another person');
  await desk.page.getByRole('button', { name: 'Void the record' }).click();
  await desk.page.getByText('The record is void.').waitFor();
  await patient.page.goto('/vaccinations');
  await patient.page.getByText(/does not count since/).waitFor();
  await patient.seen('a void record');
  desk.faultless('the desk');
  patient.faultless('the patient');
  await desk.close();
  await patient.close();
});

test('staff without the permission record nothing', async () => {
  const window = await Window.open(server);
  await window.page.goto('/sign-in');
  await window.page.locator('form[action^="/sign-in/reception"] button').click();
  await window.page.waitForLoadState();
  const answer = await window.page.goto(`/desk/patients/${subject()}/vaccinations`);
  assert.equal(answer.status(), 403);
  await window.close();
});
