// A patient books, changes and cancels an appointment.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { toCheck, toTimes } from './booking.mjs';
import { Server, Window, closeBrowser } from './support.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  await closeBrowser();
  await server?.stop();
});

/// Walks and looks from the start page to the page with the times of the first day that has room for a GP appointment.
async function lookToTimes(window) {
  const { page } = window;
  await page.goto('/');
  await page.getByRole('link', { name: 'Book an appointment' }).first().click();
  await window.seen('the kinds of appointment');
  await page.getByLabel('GP appointment, face to face').check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await window.seen('the days');
  await page.locator('.nhsuk-list--border a').first().click();
  await window.seen('the times');
}

async function lookToCheck(window) {
  const { page } = window;
  await lookToTimes(window);
  await page.locator('.frontdoor-times button').first().click();
  await window.seen('the details');
  await page.getByLabel('Reason for the appointment').fill('A sore knee <b>&</b>');
  await page.getByRole('button', { name: 'Continue' }).click();
}

for (const [name, options] of [
  ['with JavaScript', {}],
  ['without JavaScript', { script: false }],
  ['at 320 px', { width: 320, height: 640 }],
  ['with text of 200 %', { width: 800, textPercent: 200 }],
]) {
  test(`a person who only has the address books, moves and cancels: ${name}`, async () => {
    const window = await Window.open(server, options);
    const { page } = window;
    await page.goto('/');
    await window.seen('the start page');
    await page.getByRole('button', { name: 'Start now' }).or(page.getByRole('link', { name: 'Start now' })).click();
    await window.seen('the page for signing in');
    await page.getByRole('button', { name: 'Continue as Alice Example' }).click();
    await lookToCheck(window);
    assert.equal(await window.heading(), 'Check and book');
    assert.ok((await page.content()).includes('A sore knee &lt;b&gt;&amp;&lt;/b&gt;'));
    await page.getByRole('button', { name: 'Book this appointment' }).click();
    assert.equal(await window.heading(), 'Appointment booked');
    await window.seen('the confirmation');
    await page.getByRole('link', { name: 'Change the time' }).click();
    await window.seen('the days to move to');
    await page.locator('.nhsuk-list--border a').last().click();
    await window.seen('the times to move to');
    await page.locator('.frontdoor-times button').last().click();
    await page.getByRole('button', { name: 'Change the time' }).click();
    assert.equal(await window.heading(), 'Appointment moved');
    await window.seen('the moved appointment');
    await page.getByRole('link', { name: 'Change the reason' }).click();
    await window.seen('the reason');
    await page.getByLabel('Reason for the appointment').fill('Both knees');
    await page.getByRole('button', { name: 'Save' }).click();
    assert.equal(await window.heading(), 'Appointment changed');
    await page.getByRole('link', { name: 'See all appointments' }).click();
    await window.seen('the appointments');
    await page.locator('.nhsuk-card__heading a').first().click();
    await page.getByRole('link', { name: 'Cancel this appointment' }).click();
    await window.seen('the check before cancelling');
    await page.getByRole('button', { name: 'Cancel this appointment' }).click();
    assert.equal(await page.locator('.nhsuk-error-summary').count(), 1, 'a reason is needed');
    await page.getByLabel('I do not need it').check();
    await page.getByRole('button', { name: 'Cancel this appointment' }).click();
    assert.equal(await window.heading(), 'Appointment cancelled');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.goto('/appointments');
    assert.equal(await window.heading(), 'Who are you?');
    window.faultless('the journey');
    await window.close();
  });
}

/// Presses Tab until this element has the focus.
async function tabTo(page, locator) {
  await locator.waitFor();
  for (let presses = 0; presses < 100; presses += 1) {
    if (await locator.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`the keyboard does not reach ${locator}`);
}

test('a patient books with the keyboard alone', async () => {
  const window = await Window.open(server);
  const { page } = window;
  const enter = async (locator) => {
    await tabTo(page, locator);
    await page.keyboard.press('Enter');
  };
  await page.goto('/');
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'Skip to main content' });
  assert.ok(await skip.evaluate((element) => element === document.activeElement), 'the first stop skips the header');
  assert.ok(await skip.isVisible());
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await enter(page.getByRole('link', { name: 'Start now' }));
  await enter(page.getByRole('button', { name: 'Continue as Dilys Fictional' }));
  await enter(page.getByRole('link', { name: 'Book an appointment' }));
  const kind = page.getByRole('radio').first();
  await tabTo(page, kind);
  await page.keyboard.press('Space');
  await enter(page.getByRole('button', { name: 'Continue' }));
  await enter(page.locator('.nhsuk-list--border a').nth(1));
  await enter(page.locator('.frontdoor-times button').nth(3));
  await tabTo(page, page.getByLabel('Reason for the appointment'));
  await page.keyboard.type('A cough');
  await enter(page.getByRole('button', { name: 'Continue' }));
  await enter(page.getByRole('button', { name: 'Book this appointment' }));
  await page.getByText('Appointment booked').first().waitFor();
  assert.equal(
    await page.evaluate(() => document.activeElement.querySelector('h1')?.innerText ?? ''),
    'Appointment booked',
    'the confirmation has the focus',
  );
  window.faultless('the keyboard');
  await window.close();
});

test('an appointment goes into a calendar', async () => {
  const window = await Window.open(server);
  const { page } = window;
  await window.signIn('bob');
  await toCheck(window);
  await page.getByRole('button', { name: 'Book this appointment' }).click();
  await page.getByText('Appointment booked').first().waitFor();
  const link = await page.getByRole('link', { name: 'Add to your calendar' }).getAttribute('href');
  const answer = await window.context.request.get(link);
  assert.match(answer.headers()['content-type'], /^text\/calendar/);
  const file = await answer.text();
  assert.ok(file.startsWith('BEGIN:VCALENDAR\r\nVERSION:2.0\r\n') && file.endsWith('END:VCALENDAR\r\n'));
  assert.match(file, /\r\nDTSTART:\d{8}T\d{6}Z\r\n/);
  assert.ok(!file.includes('knee'), 'the reason is not in it');
  await window.close();
});

test('a limit says which, and shows the appointments that count', async () => {
  const window = await Window.open(server);
  const { page } = window;
  await window.signIn('chidi');
  for (const day of [0, 1, 2]) {
    await toCheck(window, { day });
    await page.getByRole('button', { name: 'Book this appointment' }).click();
    await page.getByText('Appointment booked').first().waitFor();
  }
  await toCheck(window, { day: 3 });
  await page.getByRole('button', { name: 'Book this appointment' }).click();
  await page.getByText('The limit is 3 open bookings.').waitFor();
  assert.equal(await page.locator('.nhsuk-card').count(), 3);
  await window.seen('the limit');
  await window.close();
});

test('a time that is gone when the booking is sent leads to the times that are free', async () => {
  const [alice, dilys] = [await Window.open(server), await Window.open(server)];
  await alice.signIn('alice');
  await dilys.signIn('dilys');
  await toCheck(dilys, { day: 4, time: 10 });
  const slot = new URL(dilys.page.url()).searchParams;
  // The hold is given back in another window, and another person takes the time.
  const other = await dilys.context.newPage();
  await other.goto(dilys.page.url().replace('/check?', '/details?'));
  await other.getByRole('button', { name: 'Choose another time' }).click();
  await other.locator('.frontdoor-times button').first().waitFor();
  await toTimes(alice, 4);
  await alice.page.locator(`button[value="${slot.get('session')}@${slot.get('at')}"]`).click();
  await alice.page.getByText('We are holding this time for you').waitFor();
  await dilys.page.getByRole('button', { name: 'Book this appointment' }).click();
  await dilys.page.getByText('Someone has just booked that time').waitFor();
  assert.ok((await dilys.page.locator('.frontdoor-times button').count()) > 0);
  await dilys.seen('the times after a refusal');
  await alice.close();
  await dilys.close();
});
