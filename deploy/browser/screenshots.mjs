// The pictures of the README, made from the pages as they are: `make screenshots`.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { toCheck, toTimes } from './booking.mjs';
import { Server, Window, closeBrowser } from './support.mjs';

const FOLDER = 'docs/screenshots';

mkdirSync(FOLDER, { recursive: true });
const server = await Server.start();

/// Takes a picture of the top of the page.
async function picture({ page }, name) {
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(FOLDER, `${name}.png`), clip: { x: 0, y: 0, width: 900, height: 640 } });
}

async function open(id) {
  const window = await Window.open(server, { width: 900, height: 640 });
  await window.signIn(id);
  return window;
}

const patient = await open('alice');
await toTimes(patient, 1);
await picture(patient, 'patient-times');
await toCheck(patient, { day: 1, time: 2 });
await patient.page.getByRole('button', { name: 'Book this appointment' }).click();
await patient.page.getByText('Appointment booked').first().waitFor();
await picture(patient, 'patient-booked');
const day = new URL(patient.page.url()).pathname.match(/\d{4}-\d\d-\d\d/)[0];

const desk = await open('reception');
await desk.page.goto(`/desk/days/${day}`);
await picture(desk, 'desk-day');

const operator = await open('operator');
await operator.page.goto('/operate');
await picture(operator, 'operator');

const auditor = await open('auditor');
await auditor.page.goto('/audit');
await picture(auditor, 'auditor');

await closeBrowser();
await server.stop();
