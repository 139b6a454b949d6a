// Staff record a dose, and the patient sees it and shows its pass; a record that is wrong is voided; a recall reaches the patient.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { foreignVerdict } from './passes.mjs';
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

/// A picture of the code that the page shows.
async function photographed(page) {
  const picture = join(server.folder, 'code.png');
  await page.locator('svg').first().screenshot({ path: picture });
  return picture;
}

/// The patient gets a pass, and a foreign program accepts its code from the page, and from the file that opens without the server.
async function getsPass(patient) {
  const { page } = patient;
  await page.getByRole('link', { name: /^Get a pass/ }).click();
  await patient.seen('asking for a pass');
  await page.getByLabel('Surname').fill('Somebody');
  await page.getByRole('button', { name: 'Get the pass' }).click();
  await page.getByText('must be the registered name').first().waitFor();
  await patient.seen('a name that is not the registered one');
  await page.getByLabel('Surname').fill('Example');
  await page.getByRole('button', { name: 'Get the pass' }).click();
  await page.getByRole('heading', { name: 'Vaccination pass' }).waitFor();
  await patient.upToDate();
  await page.getByText('Dose 1 of 2').waitFor();
  await patient.seen('the pass');
  const verdict = foreignVerdict(server, await photographed(page));
  if (verdict) {
    assert.equal(verdict.accepted, true, verdict.why);
    const { nam, dob } = verdict.claims.dcc;
    assert.deepEqual([nam.fn, nam.gn], ['Example', 'Alice']);
    assert.ok((await page.content()).includes(dob.slice(0, 4)));
  }

  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Save it' }).click();
  const saved = join(server.folder, 'vaccination-pass.html');
  await (await download).saveAs(saved);
  const address = page.url();
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await patient.context.setOffline(true);
  await page.goto(`file://${saved}`);
  await patient.seen('the saved pass');
  const offline = foreignVerdict(server, await photographed(page));
  assert.deepEqual([asked, offline?.text], [[`file://${saved}`], verdict?.text]);
  await patient.context.setOffline(false);
  return address;
}

test('a dose is recorded at the desk, seen by the patient with its pass, and its recall reaches the patient', async () => {
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

  await patient.opened('/vaccinations', LOT);
  await patient.seen('the vaccinations of the patient');
  assert.ok((await patient.page.content()).includes('Nora &lt;b&gt;Vaccinator&lt;/b&gt;'));
  const pass = await getsPass(patient);

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
  await patient.opened('/vaccinations', /does not count since/);
  await patient.seen('a void record');
  await patient.opened(pass, 'Verifiers refuse this pass');
  await patient.seen('a revoked pass');
  await eventually('the refusal of the revoked pass', () => {
    const verdict = foreignVerdict(server, join(server.folder, 'code.png'));
    return !verdict || (verdict.accepted === false && /revoked/.test(verdict.why));
  });
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
