// A receptionist checks patients in and notes who came. The demonstration has a clinic of today with six bookings, of which
// the first has begun at any hour.

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

/// The rows of the table that have a patient, as locators.
const rows = (page) => page.locator('tbody tr').filter({ has: page.locator('a[href^="/desk/patients/"]') });

async function atToday(options) {
  const window = await Window.open(server, options);
  await window.signIn('reception');
  await window.page.goto('/desk/days');
  await rows(window.page).first().waitFor();
  return window;
}

test('another screen of the desk follows, and what is too late is a sentence with a way on', async () => {
  const [one, other] = [await atToday(), await atToday()];
  // This screen does not follow.
  const late = await atToday({ script: false });
  await rows(one.page).nth(4).getByRole('button', { name: /^Check in/ }).click();
  await one.page.getByText('The patient is checked in.').waitFor();
  await rows(other.page).nth(4).getByText(/Checked in at/).waitFor();
  await other.page.getByText('1 patient is here, 5 still to come').waitFor();
  other.faultless('the live day');
  await rows(one.page).first().getByRole('button', { name: /^Attended/ }).click();
  await one.page.getByText('The patient is noted as attended.').waitFor();
  await rows(late.page).first().getByRole('button', { name: /^Check in/ }).click();
  assert.match(await late.heading(), /The practice has noted already whether the patient came/);
  await late.valid('the refusal');
  await late.page.getByRole('link', { name: 'See the day as it is now' }).click();
  await rows(late.page).first().getByText('Attended').first().waitFor();
  // Tomorrow's patients are not checked in today.
  await one.page.getByRole('link', { name: 'Next day' }).click();
  await one.page.getByRole('heading', { level: 1 }).waitFor();
  assert.equal(await one.page.getByRole('button', { name: /^Check in/ }).count(), 0);
  for (const window of [one, other, late]) await window.close();
});

for (const [n, name, options] of [
  [1, 'with JavaScript', {}],
  [2, 'without JavaScript', { script: false }],
  [3, 'at 320 px', { width: 320, height: 640 }],
]) {
  test(`the desk checks a patient in and notes who came: ${name}`, async () => {
    const window = await atToday(options);
    const { page } = window;
    assert.equal(await rows(page).count(), 6);
    await window.seen('today');
    await rows(page).nth(n).getByRole('button', { name: /^Check in/ }).click();
    await page.getByText('The patient is checked in.').waitFor();
    await page.getByText(`${n + 1} patients are here`).waitFor();
    await window.seen('the day after a check-in');
    assert.match(await rows(page).nth(n).innerText(), /Checked in at \d+:\d\d[ap]m/);
    assert.equal(await rows(page).nth(n).getByRole('button', { name: /^Check in/ }).count(), 0);
    // The newest note holds, so that a mistake can be corrected.
    await rows(page).first().getByRole('button', { name: /^Did not attend/ }).click();
    await page.getByText('The patient is noted as not attended.').waitFor();
    await page.getByText(/0 attended, 1 did not attend/).waitFor();
    await rows(page).first().getByRole('button', { name: /^Attended/ }).click();
    await page.getByText('The patient is noted as attended.').waitFor();
    await page.getByText(/1 attended, 0 did not attend/).waitFor();
    assert.equal(await rows(page).first().getByRole('button', { name: /^Attended/ }).count(), 0);
    await window.seen('the day after the notes');
    window.faultless('the journey');
    await window.close();
  });
}
