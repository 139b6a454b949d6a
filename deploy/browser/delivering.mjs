// The receiver of a demonstration's gateways, and the journeys that end there. They are the same on every system.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { FRONTDOOR, Window, eventually } from './support.mjs';

const GATEWAYS = ['push', 'sms', 'email', 'pharmacy'];

/// `frontdoor demo-receiver`, until `stop`.
export class Receiver {
  static async start() {
    const receiver = new Receiver();
    receiver.process = spawn(FRONTDOOR, ['demo-receiver', '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    receiver.url = await new Promise((resolve, reject) => {
      createInterface({ input: receiver.process.stdout }).on('line', (line) => {
        const found = line.match(/is ready: (http:\S+) /);
        if (found) resolve(found[1]);
      });
      receiver.process.once('exit', (code) => reject(new Error(`the receiver ended: ${code}`)));
    });
    return receiver;
  }

  /// The value of `serve --gateway`.
  get gateways() {
    return GATEWAYS.map((name) => `${name}=${this.url}/${name}`).join(',');
  }

  /// Everything that arrived through this gateway, the newest first.
  async deliveries(gateway) {
    const { items } = await (await fetch(`${this.url}/deliveries`)).json();
    return items.filter((item) => item.gateway === gateway);
  }

  stop() {
    this.process.kill('SIGKILL');
  }
}

/// Opens a message of this title in a patient's inbox as soon as it is there.
async function openMessage(window, title) {
  const { page } = window;
  await eventually(`the message ${title}`, async () => {
    await page.goto('/messages');
    return (await page.getByRole('button', { name: title }).count()) > 0;
  });
  await page.getByRole('button', { name: title }).first().click();
  await page.getByRole('heading', { name: title }).waitFor();
}

/// A prescription from the request to the collection. `nodes` are the servers of the patient, of the practice and of the
/// pharmacy, which can be one.
export async function fromRequestToCollected(nodes, receiver) {
  const [patient, prescriber, pharmacist] = await Promise.all(nodes.map((node) => Window.open(node)));
  await patient.signIn('alice', '/prescriptions/order');
  await patient.page.getByLabel(/Amlodipine/).check();
  await patient.page.getByRole('button', { name: 'Send the request' }).click();
  await patient.page.waitForURL(/prescriptions\?requested/);

  await prescriber.signIn('prescriber');
  const approve = prescriber.page.getByRole('button', { name: /Approve the request of Alice/ });
  await eventually('the request in the queue', async () => {
    await prescriber.page.goto('/desk/prescriptions');
    return (await approve.count()) > 0;
  });
  await approve.first().click();
  await prescriber.page.waitForURL(/prescriptions\?approved/);
  await openMessage(patient, 'Prescription approved');
  assert.match(await patient.page.locator('main').innerText(), /sent to Brook Street Pharmacy/);
  await patient.seen('the message about the approval');

  // The system of the pharmacies has the prescription, once, and a person sees it there.
  const ofAlice = async () => (await receiver.deliveries('pharmacy')).filter(({ contents }) => contents.patient.name === 'Alice Example');
  await eventually('the prescription at the receiver', async () => (await ofAlice()).length > 0);
  const [delivered] = await ofAlice();
  assert.equal(delivered.contents.pharmacy, 'FX901');
  assert.deepEqual(delivered.contents.items.map((item) => item.name), ['Amlodipine 5mg tablets']);
  const number = delivered.contents.prescription;
  const arrived = await Window.open(receiver);
  await arrived.page.goto('/');
  await arrived.page.getByText(number).waitFor();
  await arrived.seen('what arrived');

  await pharmacist.signIn('pharmacist');
  const report = (name) => pharmacist.page.getByRole('button', { name: new RegExp(`^${name} ?: ${number.replace('+', '[+]')}`) });
  await eventually('the prescription in the work list', async () => {
    await pharmacist.page.goto('/pharmacy');
    return (await report('Ready to collect').count()) > 0;
  });
  await report('Ready to collect').click();
  await pharmacist.page.waitForURL(/pharmacy\?reported/);
  await openMessage(patient, 'Prescription ready');
  assert.match(await patient.page.locator('main').innerText(), /ready to collect from Brook Street Pharmacy/);
  await eventually('the notifications of the approval and of the medicines', async () => {
    const texts = (await receiver.deliveries('push')).map(({ contents }) => contents.text);
    return texts.filter((text) => text === 'There is news about a request of yours. Sign in to read it.').length >= 2;
  });
  await report('Collected').click();
  await pharmacist.page.waitForURL(/pharmacy\?reported/);
  await eventually('the empty work list', async () => {
    await pharmacist.page.goto('/pharmacy');
    return (await report('Collected').count()) === 0;
  });
  await patient.page.goto('/messages');
  await patient.page.goto('/prescriptions');
  await patient.page.getByText('Collected').first().waitFor();
  await patient.seen('the collected medicines');
  assert.equal((await ofAlice()).length, 1);
  for (const window of [patient, prescriber, pharmacist, arrived]) {
    window.faultless('the prescription');
    await window.close();
  }
}

/// A practice writes a message, and the patient's phone gets a text message that says nothing of it. `data` is the data folder
/// of the system.
export async function byTextMessage(nodes, receiver, data) {
  const [patient, desk] = await Promise.all(nodes.slice(0, 2).map((node) => Window.open(node)));
  await patient.signIn('alice', '/contact');
  await patient.page.locator('input[value="push"]').uncheck();
  await patient.page.locator('input[value="sms"]').check();
  await patient.page.getByRole('button', { name: 'Save' }).click();
  await patient.page.getByText('are saved').waitFor();

  const subject = readFileSync(join(data, 'alice.subject'), 'utf8').trim();
  await desk.signIn('reception', `/desk/patients/${subject}`);
  await desk.page.getByRole('link', { name: 'Write a message to this patient' }).click();
  await desk.page.getByLabel('Title').fill('Your blood test');
  await desk.page.getByLabel('Message', { exact: true }).fill('Please book a blood test.');
  await desk.page.getByRole('button', { name: 'Send the message' }).click();
  await desk.page.getByText('The message is sent').waitFor();
  await eventually('the text message', async () => (await receiver.deliveries('sms')).length > 0);
  const [sent] = await receiver.deliveries('sms');
  assert.match(sent.contents.to, /^\+44/);
  assert.equal(sent.contents.text, 'You have a new message. Sign in to read it.');
  assert.doesNotMatch(JSON.stringify(await receiver.deliveries('sms')), /blood/);
  await openMessage(patient, 'Your blood test');
  for (const window of [patient, desk]) await window.close();
}

export { openMessage };
