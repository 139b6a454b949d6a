// A patient orders repeat medicines, the practice decides, and the pharmacy reports.

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

for (const [name, options] of [
  ['with JavaScript', {}],
  ['without JavaScript', { script: false }],
  ['at 320 px', { width: 320, height: 640 }],
]) {
  test(`a patient orders repeat medicines and cancels the request: ${name}`, async () => {
    const window = await Window.open(server, options);
    const { page } = window;
    await window.signIn('alice');
    await page.getByRole('link', { name: 'Repeat prescriptions' }).last().click();
    await page.getByRole('heading', { name: 'Your repeat prescriptions' }).waitFor();
    await window.seen('the repeat prescriptions');
    await page.getByRole('link', { name: 'Request a repeat prescription' }).click();
    await window.seen('the order');
    await page.getByRole('button', { name: 'Send the request' }).click();
    await page.getByText('Choose the medicines that you need').first().waitFor();
    await window.seen('the order with a fault');
    await page.getByLabel(/Atorvastatin/).check();
    await page.getByLabel('A note for your practice (optional)').fill('Away <b>on</b> Friday');
    await page.getByRole('button', { name: 'Send the request' }).click();
    await page.waitForURL(/prescriptions\?requested/);
    await window.seen('the repeat prescriptions with a request');
    assert.match(await page.locator('main').innerText(), /You have requested it already/);
    await page.getByRole('link', { name: /Cancel this request/ }).first().click();
    await window.seen('the check before cancelling');
    await page.getByRole('button', { name: 'Cancel the request' }).click();
    await page.waitForURL(/prescriptions\?cancelled/);
    await page.getByText('Cancelled by you').first().waitFor();
    window.faultless('the journey');
    await window.close();
  });
}

test('a patient changes and clears the pharmacy', async () => {
  const window = await Window.open(server);
  const { page } = window;
  await window.signIn('alice', '/prescriptions/pharmacy');
  await window.seen('the pharmacy');
  await page.getByLabel(/Harbour Chemist/).check();
  await page.getByRole('button', { name: 'Save your pharmacy' }).click();
  await page.waitForURL(/prescriptions\?nominated/);
  assert.match(await page.locator('main').innerText(), /Your prescriptions go to Harbour Chemist/);
  await page.getByRole('link', { name: 'Change your pharmacy' }).click();
  await page.getByRole('button', { name: 'Have no pharmacy for all requests' }).click();
  await page.waitForURL(/prescriptions\?cleared/);
  await page.getByRole('link', { name: 'Request a repeat prescription' }).click();
  await page.getByLabel(/Atorvastatin/).check();
  await page.getByRole('button', { name: 'Send the request' }).click();
  await page.getByText('Choose a pharmacy').first().waitFor();
  await page.getByLabel(/Brook Street Pharmacy/).check();
  await page.getByRole('button', { name: 'Send the request' }).click();
  await page.waitForURL(/prescriptions\?requested/);
  window.faultless('the pharmacy');
  await window.close();
});

test('a prescriber rejects a request with a reason and approves another', async () => {
  const window = await Window.open(server);
  const { page } = window;
  await window.signIn('prescriber');
  await page.waitForURL(/desk\/prescriptions/);
  await window.seen('the requests that wait');
  assert.match(await page.locator('main').innerText(), /6 of 6 issues left/);
  // The oldest is first: it is the one of the demonstration.
  await page.getByRole('link', { name: /Reject the request of Dilys/ }).first().click();
  await window.seen('the rejection');
  await page.getByRole('button', { name: 'Reject the request' }).click();
  await page.locator('.nhsuk-error-summary').waitFor();
  await page.getByLabel('The reason').fill('Please have a blood test first.');
  await page.getByRole('button', { name: 'Reject the request' }).click();
  await page.waitForURL(/prescriptions\?rejected/);
  await page.getByRole('button', { name: /Approve the request of Alice/ }).first().click();
  await page.waitForURL(/prescriptions\?approved/);
  await window.seen('the requests after the decisions');
  window.faultless('the decisions');
  await window.close();

  const patient = await Window.open(server);
  await patient.signIn('dilys', '/prescriptions');
  assert.match(await patient.page.locator('main').innerText(), /Please have a blood test first/);
  await patient.seen('a rejected request');
  await patient.close();
});

test('a pharmacist reports on a prescription', async () => {
  const window = await Window.open(server);
  const { page } = window;
  await window.signIn('pharmacist');
  await page.waitForURL(/pharmacy/);
  await window.seen('the work list');
  await page.getByRole('button', { name: /Ready to collect/ }).first().click();
  await page.waitForURL(/pharmacy\?reported/);
  assert.match(await page.locator('main').innerText(), /Ready to collect/);
  await window.seen('the work list after a report');
  window.faultless('the reports');
  await window.close();
});

test('the pages of one are not those of another', async () => {
  for (const [id, forbidden] of [
    ['alice', ['/desk/prescriptions', '/pharmacy']],
    ['pharmacist', ['/prescriptions', '/desk/prescriptions']],
    ['reception', ['/desk/prescriptions', '/pharmacy']],
  ]) {
    const window = await Window.open(server);
    await window.signIn(id);
    for (const path of forbidden) {
      const answer = await window.page.goto(path);
      assert.equal(answer.status(), 403, `${id} at ${path}`);
    }
    await window.close();
  }
});
