// The gateways deliver to the receiver of the demonstration, which stands for people and pharmacies outside.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Receiver, byTextMessage, fromRequestToCollected, openMessage } from './delivering.mjs';
import { toTimes } from './booking.mjs';
import { Server, Window, closeBrowser, eventually } from './support.mjs';

let server, receiver;
before(async () => {
  receiver = await Receiver.start();
  server = await Server.start('--gateway', receiver.gateways);
});
after(async () => {
  await closeBrowser();
  await server?.stop();
  receiver?.stop();
});

test('a prescription goes from the request to the collection, through the receiver of the pharmacies', async () => {
  await fromRequestToCollected([server, server, server], receiver);
});

test('a message of the practice reaches the phone as a text message that says nothing of it', async () => {
  await byTextMessage([server, server], receiver, join(server.folder, 'data'));
});

test('a reminder arrives three days before the appointment', async () => {
  const patient = await Window.open(server);
  const { page } = patient;
  await patient.signIn('bob');
  await page.goto('/book');
  await page.getByLabel('GP appointment, face to face').check();
  await page.getByRole('button', { name: 'Continue' }).click();
  const days = page.locator('.nhsuk-list--border a');
  await days.first().waitFor();
  const last = (await days.count()) - 1;
  const [on] = (await days.nth(last).getAttribute('href')).match(/\d{4}-\d\d-\d\d/);
  await toTimes(patient, last);
  await page.locator('.frontdoor-times button').first().click();
  await page.getByLabel('Reason for the appointment').fill('A sore knee');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Book this appointment' }).click();
  await page.getByText('Appointment booked').first().waitFor();
  await patient.close();

  // Two days before it, by the clock of the server.
  const days_later = Math.round((Date.parse(on) - Date.now()) / 86_400_000) - 2;
  const before = (await receiver.deliveries('push')).length;
  await server.stopAndStartLater(days_later);
  const later = await Window.open(server);
  await later.signIn('bob');
  await openMessage(later, 'Appointment reminder');
  assert.match(await later.page.locator('main').innerText(), /You have an appointment at The Old Mill Practice/);
  await later.seen('the reminder');
  await eventually('the notification of the reminder', async () => {
    const texts = (await receiver.deliveries('push')).slice(0, -before || undefined).map(({ contents }) => contents.text);
    return texts.includes('You have a booking in three days. Sign in to see it.');
  });
  await later.close();
});
