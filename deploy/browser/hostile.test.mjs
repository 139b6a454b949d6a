// Hostile text in the fields that people fill in is shown as the text that it is, on every page that shows it.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, before, test } from 'node:test';

import { toCheck } from './booking.mjs';
import { Server, Window, closeBrowser } from './support.mjs';

const ROUNDS = 8;
const PIECES = [
  '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)", '</textarea>', '</dd>', '<!--', '-->',
  '&lt;b&gt;', '&amp;', '{{ 7*7 }}', '{% raw %}', '${7*7}', '`', '\\', '%3Cscript%3E', '<svg/onload=alert(1)>', 'javascript:alert(1)',
  'é', 'ß', '漢字', '🙂', ' ', 'x',
];

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  await closeBrowser();
  await server?.stop();
});

/// A text of these pieces of at most this many characters, with single spaces, because browsers show several as one, and
/// none at its ends. A failing one is in the message.
function hostile(characters) {
  let text = '';
  for (let pieces = randomInt(1, 5); pieces > 0; pieces -= 1) text += PIECES[randomInt(PIECES.length)];
  return [...text.replace(/ +/g, ' ')].slice(0, characters).join('').trim() || '<x>';
}

/// The page shows each text as it was typed, in a field or as text, and nothing of it became markup.
async function shows(window, texts, name) {
  const { page } = window;
  const found = await page.evaluate(() => ({
    text: document.body.innerText,
    fields: [...document.querySelectorAll('input, textarea')].map((field) => field.value),
    scripts: document.querySelectorAll('body script, body img, body svg, body iframe').length,
    handlers: [...document.querySelectorAll('*')].flatMap((element) => element.getAttributeNames()).filter((name) => name.startsWith('on')),
  }));
  assert.equal(found.scripts, 0, name);
  assert.deepEqual(found.handlers, [], name);
  for (const text of texts) {
    assert.ok(found.text.includes(text) || found.fields.includes(text), `${name} does not show ${JSON.stringify(text)}`);
  }
}

/// Nothing of a hostile address became markup in the pages at these addresses, as the browser's parser reads them. They are not
/// shown, because there are hundreds.
async function areText(window, addresses) {
  const faults = await window.page.evaluate(async (all) => {
    const found = [];
    for (const address of all) {
      const answer = await fetch(address, { headers: { Accept: 'text/html' } });
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const names = [...page.querySelectorAll('*')].flatMap((element) => element.getAttributeNames());
      const markup = page.querySelector('body script, body img, body svg, body iframe, [href^="javascript:"]');
      if (!page.querySelector('h1')) found.push(`${address} is no page: ${answer.status}`);
      if (markup || names.some((name) => name.startsWith('on'))) found.push(`${address} became markup`);
    }
    return found;
  }, addresses);
  assert.deepEqual(faults, []);
}

test('what patients type is text on every page', async () => {
  const window = await Window.open(server);
  const { page } = window;
  await window.signIn('alice');
  page.on('dialog', (dialog) => assert.fail(`a dialog: ${dialog.message()}`));
  const reason = hostile(100);
  await toCheck(window, { reason });
  await shows(window, [reason], 'the check');
  await page.getByRole('button', { name: 'Book this appointment' }).click();
  await page.getByText('Appointment booked').first().waitFor();
  await shows(window, [reason], 'the confirmation');
  const appointment = new URL(page.url()).pathname;
  for (let round = 0; round < ROUNDS; round += 1) {
    const [reason, comment] = [hostile(100), hostile(500)];
    await page.goto(`${appointment}/reason`);
    await page.getByLabel('Reason for the appointment').fill(reason);
    await page.getByLabel('Anything else').fill(comment);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Appointment changed').first().waitFor();
    await shows(window, [reason, comment], 'the appointment');
    await page.goto(`${appointment}/reason`);
    await shows(window, [reason, comment], 'the form');
    await page.getByLabel('Reason for the appointment').fill(`${reason}${'x'.repeat(101)}`);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('.nhsuk-error-summary').waitFor();
    await shows(window, [`${reason}${'x'.repeat(101)}`], 'the form with an error');
  }
  const names = [hostile(100), hostile(100)];
  await page.goto('/donation/register');
  await page.getByLabel('I want other people to decide').check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByLabel('Full name of the first person').fill(names[0]);
  await page.getByLabel('Full name of the second person').fill(names[1]);
  await page.getByRole('button', { name: 'Continue' }).click();
  await shows(window, names, 'the check of a decision');
  await page.getByRole('button', { name: /my decision/ }).click();
  await page.getByText('Your decision is registered').waitFor();
  await shows(window, names, 'the decision');
  window.faultless('hostile text');
  await window.close();
});

test('what the desk types is text on every page of the desk, of patients and of auditors', async () => {
  const desk = await Window.open(server);
  const { page } = desk;
  await desk.signIn('reception');
  page.on('dialog', (dialog) => assert.fail(`a dialog: ${dialog.message()}`));
  const [name, role] = [hostile(200), hostile(200)];
  const date = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
  const service = `hostile-${randomInt(1_000_000)}`;
  await page.goto(`/desk/sessions/new?date=${date}`);
  const fields = [
    ['Start', '20:00'], ['End', '20:30'], ['Minutes of a slot', '15'], ['Patients in a slot', '1'], ['Service', service],
    ["Clinician's name", name], ["Clinician's role", role],
  ];
  for (const field of fields.map(([label]) => label)) {
    const text = hostile(50);
    for (const [label, value] of fields) {
      const input = page.getByLabel(label, { exact: true });
      // A browser refuses texts in fields for numbers and times; a request can hold one all the same.
      await input.evaluate((element) => { element.type = 'text'; });
      await input.fill(label === field ? `${text}\u200b` : value);
    }
    await page.getByLabel('Face to face').check();
    await page.getByRole('button', { name: 'Show the slots' }).click();
    await page.locator('.nhsuk-error-summary').waitFor();
    await shows(desk, [name, role].filter((typed) => !field.includes(typed === name ? 'name' : 'role')), `the form with ${field} wrong`);
  }
  for (const [label, value] of fields) await page.getByLabel(label, { exact: true }).fill(value);
  await page.getByRole('button', { name: 'Show the slots' }).click();
  await page.getByRole('button', { name: 'Publish this session' }).waitFor();
  await shows(desk, [name, role], 'the preview');
  await page.getByRole('button', { name: 'Publish this session' }).click();
  await page.getByText('The clinic session is published').waitFor();
  await shows(desk, [name], 'the day');
  await page.goto(`/desk/sessions?date=${date}`);
  await shows(desk, [name], 'the sessions');
  for (const way of ['Extend', 'Withdraw']) {
    await page.goto(`/desk/sessions?date=${date}`);
    const row = page.getByRole('row').filter({ hasText: '8:00pm' });
    await row.getByRole('link', { name: way }).click();
    await page.waitForURL(/\/desk\/sessions\/.+\/(extend|withdraw)/);
    await shows(desk, [name], way);
  }
  const session = new URL(page.url()).pathname.split('/')[3];

  const patient = await Window.open(server);
  await patient.signIn('alice');
  patient.page.on('dialog', (dialog) => assert.fail(`a dialog: ${dialog.message()}`));
  await patient.page.goto(`/book/times?kind=${service}.in-person&day=${date}`);
  await shows(patient, [], 'the times');
  await patient.page.locator('.frontdoor-times button').first().click();
  const reason = hostile(100);
  await patient.page.getByLabel('Reason for the appointment').fill(reason);
  await patient.page.getByRole('button', { name: 'Continue' }).click();
  await shows(patient, [reason], 'the check');
  await patient.page.getByRole('button', { name: 'Book this appointment' }).click();
  await patient.page.getByText('Appointment booked').first().waitFor();
  await shows(patient, [name, role, reason], 'the confirmation');

  await page.goto(`/desk/days/${date}`);
  await shows(desk, [name, reason], 'the day with a booking');
  for (const text of [hostile(60), hostile(60)]) {
    await page.goto('/desk/patients');
    await page.getByLabel("The patient's id").fill(text);
    await page.getByRole('button', { name: 'Find the patient' }).click();
    await page.locator('.nhsuk-error-summary').waitFor();
    await shows(desk, [text], 'the search');
    await page.goto('/desk/settings');
    const inputs = page.locator('main input.nhsuk-input');
    for (let n = 0; n < await inputs.count(); n += 1) {
      await inputs.nth(n).evaluate((element) => { element.type = 'text'; });
      await inputs.nth(n).fill(text);
    }
    await page.getByRole('button', { name: 'Save the settings' }).click();
    await page.locator('.nhsuk-error-summary').waitFor();
    await shows(desk, [text], 'the settings');
  }

  const auditor = await Window.open(server);
  await auditor.signIn('auditor');
  auditor.page.on('dialog', (dialog) => assert.fail(`a dialog: ${dialog.message()}`));
  await auditor.page.goto(`/audit/streams/session-${session}`);
  await auditor.page.locator('a[href^="/audit/events/"]').first().click();
  await auditor.page.getByRole('heading', { name: /^Event / }).waitFor();
  // The data are JSON, which writes some characters in its own way.
  await shows(auditor, [JSON.stringify(name).slice(1, -1), JSON.stringify(role).slice(1, -1)], 'the event');
  const fields_of_log = ['position', 'stream', 'time', 'kind', 'other-kind'];
  await areText(auditor, PIECES.flatMap((piece) => fields_of_log.map((field) => `/audit?${field}=${encodeURIComponent(piece)}`)));
  for (const window of [desk, patient, auditor]) {
    window.faultless('hostile text');
    await window.close();
  }
});

test('hostile text in addresses is text or an error', async () => {
  const window = await Window.open(server);
  const { page } = window;
  await window.signIn('alice');
  page.on('dialog', (dialog) => assert.fail(`a dialog: ${dialog.message()}`));
  await areText(window, PIECES.map(encodeURIComponent).flatMap((text) => [
    `/book/days?kind=${text}`,
    `/book/times?kind=${text}&day=2026-12-01`,
    `/book/details?session=A99001.202612010001&at=2026-12-01T09:00:00Z&kind=${text}`,
    `/book/check?session=A99001.202612010001&at=2026-12-01T09:00:00Z&kind=${text}`,
    `/appointments/${text}/${text}`,
    `/sign-in?next=${text}`,
    `/nowhere/${text}`,
  ]));
  const answer = await window.context.request.post('/sign-in/bob?next=https://evil.example', {
    headers: { Origin: server.url },
    maxRedirects: 0,
  });
  assert.equal(answer.headers().location, '/');
  window.faultless('hostile addresses');
  await window.close();
});
