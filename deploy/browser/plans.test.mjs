// A prescriber authorises, changes and stops repeat medicines, and the patient sees it.

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

const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

for (const [name, options] of [
  ['with JavaScript', {}],
  ['without JavaScript', { script: false }],
  ['at 320 px', { width: 320, height: 640 }],
]) {
  test(`a prescriber authorises, changes and stops a medicine: ${name}`, async () => {
    const medicine = `Ramipril <b>5mg</b> capsules, ${name}`;
    const window = await Window.open(server, options);
    const { page } = window;
    await window.signIn('prescriber');
    await window.seen('the requests that wait');
    await page.getByRole('link', { name: 'Dilys Fictional' }).first().click();
    await page.getByRole('heading', { name: 'Repeat medicines', exact: true }).waitFor();
    await window.seen('the patient with the repeat medicines');
    await page.getByRole('link', { name: 'Authorise a repeat medicine' }).click();
    await window.seen('the form');
    await page.getByRole('button', { name: 'Check the plan' }).click();
    await page.getByText('Enter a whole number from 1 to 366').first().waitFor();
    await window.seen('the form with faults');
    await page.getByLabel('Medicine', { exact: true }).fill(medicine);
    await page.getByLabel('Code of the medicine').fill('39112711000001199');
    await page.getByLabel('Dose').fill('One capsule to be taken each morning');
    await page.getByLabel('Quantity of one issue').fill('28 capsules');
    await page.getByLabel('Days that one issue lasts').fill('28');
    await page.getByLabel('Number of issues').fill('6');
    await page.getByLabel('Review by').fill(inDays(-1));
    await page.getByRole('button', { name: 'Check the plan' }).click();
    await window.seen('the check');
    await page.getByRole('button', { name: 'Authorise this medicine' }).click();
    // The rule speaks as a sentence of the form, which keeps what was typed.
    await page.getByText('The review is today at the earliest').first().waitFor();
    await window.valid('the refusal');
    await page.getByLabel('Review by').fill(inDays(100));
    await page.getByRole('button', { name: 'Check the plan' }).click();
    await page.getByRole('button', { name: 'Authorise this medicine' }).click();
    await page.getByText('The medicine is authorised').waitFor();
    const card = page.locator('.nhsuk-card').filter({ hasText: medicine });
    assert.match(await card.innerText(), /6 of 6 issues left, each for 28 days/);

    const patient = await Window.open(server);
    await patient.signIn('dilys', '/prescriptions/order');
    await patient.page.getByLabel(medicine).check();
    await patient.page.getByRole('button', { name: 'Send the request' }).click();
    await patient.page.waitForURL(/prescriptions\?requested/);

    await card.getByRole('link', { name: /^Change/ }).click();
    await window.seen('the change');
    assert.equal(await page.getByLabel('Medicine', { exact: true }).inputValue(), medicine);
    await page.getByLabel('Days that one issue lasts').fill('56');
    await page.getByLabel('Issues to authorise anew (optional)').fill('3');
    await page.getByRole('button', { name: 'Change this medicine' }).click();
    await page.getByText('The medicine is changed').waitFor();
    assert.match(await card.innerText(), /3 of 3 issues left, each for 56 days/);

    await card.getByRole('link', { name: /^Stop/ }).click();
    await window.seen('the check before stopping');
    await page.getByRole('button', { name: 'Stop this medicine' }).click();
    await page.getByText('The medicine is stopped').waitFor();
    assert.match(await card.innerText(), /Stopped/);
    assert.equal(await card.getByRole('link').count(), 0);
    await window.seen('the patient after the medicine was stopped');
    await patient.page.goto('/prescriptions');
    await patient.page.getByText('Your practice has stopped this medicine').first().waitFor();
    window.faultless('the journey');
    await patient.close();
    await window.close();
  });
}

test('only a prescriber sees and authorises repeat medicines', async () => {
  const prescriber = await Window.open(server);
  await prescriber.signIn('prescriber');
  await prescriber.page.getByRole('link', { name: 'Dilys Fictional' }).first().click();
  await prescriber.page.getByRole('heading', { name: 'Repeat medicines', exact: true }).waitFor();
  const address = new URL(prescriber.page.url()).pathname;
  const change = await prescriber.page.getByRole('link', { name: /^Change/ }).first().getAttribute('href');
  await prescriber.close();

  const desk = await Window.open(server);
  await desk.signIn('reception', address);
  assert.equal(await desk.page.getByRole('heading', { name: 'Repeat medicines', exact: true }).count(), 0);
  assert.equal((await desk.page.goto(change)).status(), 403);
  await desk.close();
});
