// A practice writes to a patient, the patient reads and replies, and chooses how to be told about messages.

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

async function signedIn(id, options) {
  const window = await Window.open(server, options);
  await window.signIn(id);
  return window;
}

const WAYS = [
  ['with JavaScript', {}],
  ['without JavaScript', { script: false }],
  ['at 320 px', { width: 320, height: 640 }],
];

test('the demonstration has a message that waits for Alice', async () => {
  const window = await signedIn('alice');
  const { page } = window;
  await page.getByRole('link', { name: 'You have 1 unread message' }).click();
  await window.seen('the inbox with an unread message');
  await page.getByRole('button', { name: 'Your flu vaccination' }).click();
  await page.getByText('Do you want us to invite you?').waitFor();
  await window.seen('the message with its keywords');
  await page.getByRole('button', { name: 'Send my reply' }).click();
  await page.getByText('Choose a reply').first().waitFor();
  await page.getByRole('radio', { name: 'YES' }).check();
  await page.getByRole('button', { name: 'Send my reply' }).click();
  await page.getByRole('heading', { name: 'Your reply' }).waitFor();
  assert.match(await page.locator('.nhsuk-inset-text').innerText(), /YES/);
  await window.seen('the message with the reply');
  await page.getByRole('link', { name: 'See all messages' }).click();
  await page.getByText('You have no unread messages').waitFor();
  await page.getByRole('link', { name: 'Your flu vaccination' }).waitFor();
  await window.seen('the inbox without an unread message');
  await window.close();
});

for (const [name, options] of WAYS) {
  test(`the desk writes to a patient, who replies, and sees what became of it: ${name}`, async () => {
    const title = `A question <b>${name}</b>`;
    const patient = await signedIn('alice', options);
    // The patient's id is on the desk's page of the patient; the log of the demonstration names the same id.
    const desk = await signedIn('reception', options);
    await desk.page.goto(`/desk/patients/${await subjectOf('alice')}`);
    await desk.page.getByRole('link', { name: 'Write a message to this patient' }).click();
    await desk.seen('a new message');
    await desk.page.getByRole('button', { name: 'Send the message' }).click();
    await desk.page.locator('.nhsuk-error-summary').waitFor();
    await desk.seen('a new message with faults');
    await desk.page.getByLabel('Title').fill(title);
    await desk.page.getByLabel('Message', { exact: true }).fill('Which day suits you?\nMonday or Tuesday?');
    await desk.page.getByLabel('in their own words').check();
    await desk.page.getByRole('button', { name: 'Send the message' }).click();
    await desk.page.getByText('The message is sent').waitFor();
    await desk.seen('the sent messages');

    await patient.page.goto('/messages');
    await patient.page.getByRole('button', { name: title }).click();
    await patient.page.getByText('Which day suits you?').waitFor();
    await patient.seen('the message with a free reply');
    await patient.page.getByRole('button', { name: 'Send my reply' }).click();
    await patient.page.getByText('Write a reply').first().waitFor();
    await patient.page.getByLabel('Your reply').fill('Tuesday <i>please</i>');
    await patient.page.getByRole('button', { name: 'Send my reply' }).click();
    await patient.page.getByText('Tuesday <i>please</i>').waitFor();
    await patient.close();

    await desk.page.goto('/desk/messages');
    await desk.page.getByText('Tuesday <i>please</i>').first().waitFor();
    await desk.page.getByRole('link', { name: title }).click();
    await desk.page.getByRole('heading', { name: "The patient's reply" }).waitFor();
    await desk.seen('the message at the desk');
    await desk.close();
  });

  test(`a patient chooses how to be told about messages: ${name}`, async () => {
    const window = await signedIn('dilys', options);
    const { page } = window;
    await page.goto('/messages');
    await page.getByRole('link', { name: 'Choose how you are told about messages' }).click();
    await window.seen('contact details');
    await page.getByLabel('Mobile phone number').fill('12');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('.nhsuk-error-summary').waitFor();
    await window.seen('contact details with a fault');
    await page.getByLabel('Mobile phone number').fill('07700 900999');
    await page.getByLabel('A text message to my phone').check();
    await page.getByLabel('An e-mail').uncheck();
    await page.getByLabel('Do not use my data for research').check();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Your contact details and choices are saved').waitFor();
    await window.upToDate();
    assert.equal(await page.getByLabel('Mobile phone number').inputValue(), '+447700900999');
    assert.ok(await page.getByLabel('Do not use my data for research').isChecked());
    await window.seen('contact details that were saved');
    await window.close();
  });
}

/// The subject id of an invented person, from the address of its page at the desk: the demonstration writes it to a file.
async function subjectOf(id) {
  const { readFileSync } = await import('node:fs');
  const { join } = await import('node:path');
  return readFileSync(join(server.folder, 'data', `${id}.subject`), 'utf8').trim();
}
