// A person books a vaccination that is open all year, and the site sees what it needs of them; another one is told why it is not for them.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { FRONTDOOR, Server, Window, closeBrowser } from './support.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  await closeBrowser();
  await server?.stop();
});

const TITLE = 'Pneumococcal vaccination';

/// The fields of a question, by a part of its text.
function question(page, text) {
  return page.locator('.nhsuk-form-group', { has: page.locator('legend', { hasText: text }) }).first();
}

/// Answers every question with no, apart from this one.
async function answer(page, yes = '', day = []) {
  for (const label of await page.getByLabel('No', { exact: true }).all()) await label.check();
  if (yes) {
    const fields = question(page, yes);
    await fields.getByLabel('Yes', { exact: true }).check();
    const names = ['Day', 'Month', 'Year'].slice(0, day.length);
    for (const [at, name] of names.entries()) await fields.getByLabel(name).fill(day[at]);
  }
  await page.getByRole('button', { name: 'Continue' }).click();
}

/// Walks from the answers to the check of the first time on the first day.
async function toCheck(window, look, site = 'Brook Street Surgery') {
  const { page } = window;
  await page.getByRole('heading', { name: 'You can have dose 1' }).waitFor();
  await look('the sites');
  await page.getByRole('link', { name: site }).click();
  await page.locator('.frontdoor-times button').first().waitFor();
  await look('the times');
  await page.locator('.frontdoor-times button').first().click();
  await page.getByRole('button', { name: 'Book this appointment' }).waitFor();
}

for (const [id, name, site, options] of [
  ['alice', 'with JavaScript', 'Brook Street Surgery', {}],
  ['bob', 'in a hall, without JavaScript', 'Exampleton Town Hall', { script: false }],
  ['chidi', 'at 320 px', 'Brook Street Surgery', { width: 320, height: 640 }],
]) {
  test(`a person of 65 years or over books a pneumococcal vaccination: ${name}`, async () => {
    const window = await Window.open(server, options);
    const { page } = window;
    const look = (what) => window.seen(what);
    await window.signIn(id, '/book');
    assert.equal(await page.getByLabel('accination').count(), 0, 'vaccinations are no ordinary kind of appointment');
    await page.getByRole('link', { name: 'Book a vaccination' }).click();
    await look('the programmes');
    await page.getByRole('link', { name: TITLE }).click();
    await look('the questions');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.locator('.nhsuk-error-summary').waitFor();
    await look('the questions with faults');
    await answer(page, 'high temperature', ['31', '2', '2026']);
    await page.getByText('Enter the day, like 27 3 2026').first().waitFor();
    await answer(page, 'high temperature', ['1', '2', '2026']);
    await toCheck(window, look, site);
    assert.equal(await window.heading(), 'Check and book');
    assert.doesNotMatch(`${page.url()} ${await page.title()}`, /fever|temperature|2026-02-01/, 'no answer in an address');
    await look('the check');
    await page.getByRole('button', { name: 'Book this appointment' }).click();
    await page.waitForURL(/booked/);
    assert.equal(await window.heading(), 'Appointment booked');
    const shown = await page.locator('main').innerText();
    assert.ok(shown.includes(TITLE) && shown.includes('cancel this appointment and book the vaccination again'), shown);
    await look('the booked vaccination');

    // A dose has one open appointment: the refusal leads to it.
    await page.goto('/vaccinations/book/pneumococcal/sites');
    await toCheck(window, () => {});
    await page.getByRole('button', { name: 'Book this appointment' }).click();
    await page.getByRole('link', { name: 'See the appointment, and cancel it there' }).waitFor();
    await look('the refusal of a second appointment');
    await page.getByRole('link', { name: 'See the appointment, and cancel it there' }).click();
    assert.ok((await page.locator('main').innerText()).includes(TITLE));
    window.faultless('the journey');
    await window.close();
  });
}

test('a person is told why a vaccination is not for them, or from when on it is', async () => {
  const window = await Window.open(server, { script: false });
  const { page } = window;
  await window.signIn('dilys', '/vaccinations');
  await page.getByRole('link', { name: 'Book a vaccination' }).click();
  // A late form, or a shared address, leads back to the questions.
  await page.goto('/vaccinations/book/pneumococcal/sites');
  assert.equal(await window.heading(), 'Before you book');
  await answer(page, 'serious allergic reaction');
  assert.equal(await window.heading(), 'You cannot have this vaccination');
  await window.seen('the answer to a contraindication');
  assert.match(await page.locator('main').innerText(), /You answered yes to the question[\s\S]*Call your practice/);
  assert.equal(await page.title().then((title) => /allerg|cannot/i.test(title)), false, 'titles are kept in histories');
  await page.getByRole('link', { name: 'Change your answers' }).click();
  const tomorrow = new Date(Date.now() + 86_400_000);
  const day = [tomorrow.getUTCDate(), tomorrow.getUTCMonth() + 1, tomorrow.getUTCFullYear()].map(String);
  await answer(page, 'high temperature', day);
  assert.equal(await window.heading(), 'You cannot have this vaccination yet');
  assert.match(await page.locator('main').innerText(), /You can have it from/);
  await window.seen('the answer with a later day');

  await page.goto('/vaccinations/book/mmr');
  await answer(page);
  assert.equal(await window.heading(), 'You cannot have this vaccination');
  assert.match(await page.locator('main').innerText(), /offered to certain groups of people/);
  window.faultless('the journey');
  await window.close();
});

test('the desk books for a patient, and the programme decides', async () => {
  const window = await Window.open(server);
  const { page } = window;
  await page.goto('/sign-in');
  await page.locator('form[action^="/sign-in/reception"] button').click();
  await page.waitForLoadState();
  const alice = readFileSync(join(server.folder, 'data', 'alice.subject'), 'utf8').trim();
  await page.goto(`/desk/patients/${alice}/vaccinations/book/pneumococcal`);
  await answer(page, 'serious allergic reaction');
  await window.seen('the sites for a desk');
  await page.getByRole('link', { name: 'Brook Street Surgery' }).click();
  await page.locator('.frontdoor-times button').last().click();
  await page.getByRole('button', { name: 'Book this appointment' }).click();
  await page.getByRole('heading', { name: 'The programme does not offer you a dose on this day.' }).waitFor();
  await window.seen('the refusal by the programme');
  window.faultless('the journey');
  await window.close();
});

test('a hall sees what it needs of a person who booked there and is registered at a practice', async () => {
  const window = await Window.open(server, { script: false, width: 320, height: 640 });
  const { page } = window;
  await window.signIn('hall');
  const tomorrow = new Date(Date.now() + 86_400_000);
  const day = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London' }).format(tomorrow);
  await page.goto(`/desk/days/${day}`);
  await page.getByRole('link', { name: /Bob/ }).click();
  assert.equal(await window.heading(), 'Vaccination visit');
  const visit = page.url();
  const shown = await page.locator('main').innerText();
  assert.match(shown, /Bob[\s\S]*Pneumococcal vaccination, dose 1[\s\S]*high temperature[\s\S]*Yes, on Sunday 1 February 2026/);
  await window.seen('the visit');
  await page.getByRole('link', { name: 'Record a dose' }).click();
  await page.getByLabel(/20 types/).check();
  await page.getByLabel('Lot number').fill('PN-1');
  await page.getByLabel('Last day of use').fill('2035-01-01');
  await page.getByLabel('Given by').fill('Hetty Hall');
  await page.getByRole('button', { name: 'Record the dose' }).click();
  // The appointment is tomorrow, and a dose is recorded on the day on which the person is here.
  await page.getByText('has no appointment here on the day of the dose').first().waitFor();
  await page.goto(visit);
  const [, bob] = new URL(visit).pathname.match(/([^/]+)[/]vaccinations$/);
  const answer = await page.goto(`/desk/patients/${bob}/vaccinations`);
  assert.equal(answer.status(), 403, 'nothing else of the person');
  await window.close();
});

test('a site is found however many others there are', async () => {
  const crowded = await Server.start();
  try {
    const data = join(crowded.folder, 'data');
    const day = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London' }).format(new Date(Date.now() + 2 * 86_400_000));
    const given = (caller, name, body) => {
      const answer = execFileSync('curl', ['-s', '-H', caller, '-H', 'Content-Type: application/json', '-H',
        `Idempotency-Key: ${name}-${body.practice ?? body.session}`, '-d', JSON.stringify(body), `${crowded.url}/commands/${name}`],
      { encoding: 'utf8' });
      assert.match(answer, /"position"/, answer);
    };
    // A page shows 20 sites in the order of their codes. Some come before those of the own practice and the hall of the demonstration.
    const after = Array.from({ length: 19 }, (_, n) => `V990${String(n + 1).padStart(2, '0')}`);
    const codes = ['A00001', 'A00002', ...after];
    const address = '1 Hall Street, Exampleton, EX9 9ZZ';
    for (const code of codes) given(`@${join(data, 'operator')}`, 'open-practice', { practice: code, name: `Vaccination Hall ${code}`, address });
    for (const code of codes) {
      const token = execFileSync(FRONTDOOR, ['token', '--role', 'staff', '--subject', 'desk-of-halls', '--organisation', code,
        '--permission', 'clinics', '--data', data], { encoding: 'utf8' }).trim();
      given(`Authorization: Bearer ${token}`, 'publish-session', { session: `${code}.0000000000P1`, on: day, from: '09:00', until: '10:00',
        slotMinutes: 10, capacity: 1, service: 'vaccination-pneumococcal', channel: 'in-person',
        practitioner: { name: 'Hari Hall', role: 'Vaccinator' } });
    }
    const window = await Window.open(crowded, { script: false, width: 320, height: 640 });
    const { page } = window;
    await window.signIn('alice', '/vaccinations/book/pneumococcal');
    await answer(page);
    await page.getByRole('heading', { name: 'You can have dose 1' }).waitFor();
    // The list of sites follows the log: the pages are opened until they show the last site of each.
    await window.opened(page.url(), `Vaccination Hall ${codes[17]}`);
    await window.opened(page.url(), 'More sites');
    assert.match(await page.locator('main li').first().innerText(), /Brook Street Surgery/, 'the own practice is the first');
    assert.equal(await page.getByText('Vaccination Hall').count(), 18);
    assert.equal(await page.getByText(`Vaccination Hall ${codes[20]}`).count(), 0);
    await window.seen('the first of many sites');
    await page.getByRole('link', { name: 'More sites' }).click();
    await window.opened(page.url(), `Vaccination Hall ${codes[20]}`);
    assert.equal(await page.getByRole('link', { name: 'More sites' }).count(), 0);
    assert.equal(await page.getByText('Brook Street Surgery').count(), 0);
    await window.seen('the rest of many sites');
    await page.getByRole('link', { name: 'The first sites' }).click();
    await page.getByText('Brook Street Surgery').first().waitFor();
    await page.getByRole('link', { name: 'More sites' }).click();
    await page.getByRole('link', { name: `Vaccination Hall ${codes[20]}` }).click();
    await page.locator('.frontdoor-times button').first().click();
    await page.getByRole('button', { name: 'Book this appointment' }).click();
    await page.waitForURL(/booked/);
    assert.match(await page.locator('main').innerText(), new RegExp(`Vaccination Hall ${codes[20]}`));
    window.faultless('the journey');
    await window.close();
  } finally {
    await crowded.stop();
  }
});

test('both doses are booked together where the programme says so', async () => {
  // The programme's first doses are from April 2026 to March 2027, and the second one is 56 to 84 days after the first.
  const winter = await Server.startAt('2026-12-01 09:00:00');
  try {
    const given = (name, body) => {
      const answer = execFileSync('curl', ['-s', '-H', `@${join(winter.folder, 'data', 'reception')}`, '-H',
        'Content-Type: application/json', '-H', `Idempotency-Key: ${name}-${body.session ?? body.practice}`, '-d', JSON.stringify(body),
        `${winter.url}/commands/${name}`], { encoding: 'utf8' });
      assert.match(answer, /"position"/, answer);
    };
    given('change-practice-settings', { practice: 'A99001', settings: { bookingWindowDays: 90, openBookingsMax: 3, cancelCutOffMinutes: 30 } });
    const clinic = { from: '09:00', until: '09:30', slotMinutes: 10, capacity: 1, service: 'vaccination-covid-19', channel: 'in-person',
      practitioner: { name: 'Nora Vaccinator', role: 'Vaccinator' } };
    given('publish-session', { session: 'A99001.0000000000C1', on: '2026-12-03', ...clinic });
    given('publish-session', { session: 'A99001.000000000C22', on: '2027-02-02', ...clinic });
    const window = await Window.open(winter, { script: false, width: 320, height: 640 });
    const { page } = window;
    await window.signIn('alice', '/vaccinations/book/covid-19');
    await page.getByLabel('weak immune system').check();
    await answer(page);
    await page.getByRole('heading', { name: 'You can have dose 1' }).waitFor();
    const choose = async (day) => {
      await page.getByRole('link', { name: 'Brook Street Surgery' }).click();
      assert.match(await window.heading(), new RegExp(day));
      await page.locator('.frontdoor-times button').first().click();
    };
    await choose('3 December');
    await page.getByRole('link', { name: 'Choose a time for the second dose' }).click();
    await choose('2 February');
    await window.seen('the check of both doses');
    await page.getByRole('button', { name: 'Book both appointments' }).click();
    await page.waitForURL(/booked/);
    await window.seen('both appointments booked');
    await window.opened('/appointments', '2 February 2027');
    await page.getByText('3 December 2026').first().waitFor();
    window.faultless('the journey');
    await window.close();
  } finally {
    await winter.stop();
  }
});
