// The steps of the waiting list of the clinic that is full in the demonstration, for the journeys that need them.

/// The next Saturday, on which the clinic for blood tests takes place.
export function saturday() {
  const date = new Date(Date.now() + 86_400_000);
  while (date.getUTCDay() !== 6) date.setUTCDate(date.getUTCDate() + 1);
  return date.toISOString().slice(0, 10);
}

/// Walks from the start page to the form of the waiting list of the clinic that is full.
export async function toJoin(window, look = async () => {}) {
  const { page } = window;
  await page.goto('/book');
  await look('the kinds of appointment, one of them full');
  await page.getByLabel('Blood test, face to face').check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('There is nothing free').waitFor();
  await look('the days of a clinic that is full');
  await page.getByRole('link', { name: 'Wait for a time that becomes free' }).click();
  await page.getByRole('button', { name: 'Join the waiting list' }).waitFor();
}

/// The desk cancels the first booking of the clinic on this day.
export async function cancelFirst(desk, day) {
  const { page } = desk;
  await page.goto(`/desk/days/${day}`);
  // A slot that is offered is held, and has no booking yet.
  const booked = page.locator('tr', { hasText: /Booked/ });
  await booked.locator('a[href^="/desk/patients/"]').first().press('Enter');
  await page.locator('.nhsuk-card__heading a').first().click();
  await page.getByRole('link', { name: 'Cancel this appointment' }).click();
  await page.getByLabel('The patient asked for it').check();
  await page.getByRole('button', { name: 'Cancel this appointment' }).click();
  await page.getByText('Appointment cancelled').first().waitFor();
}
