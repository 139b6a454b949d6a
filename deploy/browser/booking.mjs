// The steps of a booking, for the journeys that need them.

import { randomInt } from 'node:crypto';

/// Walks from the start page to the page with the times of a day that has room for a GP appointment: the first one, or
/// the one with this number.
export async function toTimes(window, day = 0) {
  const { page } = window;
  await page.goto('/book');
  await page.getByLabel('GP appointment, face to face').check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.locator('.nhsuk-list--border a').nth(day).click();
  await page.locator('.frontdoor-times button').first().waitFor();
}

/// Walks to the page on which a booking is checked.
export async function toCheck(window, { day = 0, time = randomInt(3), reason = 'A sore knee' } = {}) {
  const { page } = window;
  await toTimes(window, day);
  await page.locator('.frontdoor-times button').nth(time).click();
  await page.getByLabel('Reason for the appointment').fill(reason);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Book this appointment' }).waitFor();
}

/// The number of appointments that the list shows as booked.
export async function booked(window) {
  const { page } = window;
  await page.goto('/appointments');
  const all = await page.locator('.nhsuk-card').count();
  return all - (await page.locator('.nhsuk-card .nhsuk-tag').count());
}
