// A patient registers, changes and withdraws a decision about organ donation.

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

for (const [id, name, options] of [
  ['alice', 'with JavaScript', {}],
  ['bob', 'without JavaScript', { script: false }],
  ['chidi', 'at 320 px', { width: 320, height: 640 }],
]) {
  test(`a patient registers, changes and withdraws a decision: ${name}`, async () => {
    const window = await Window.open(server, options);
    const { page } = window;
    await window.signIn(id);
    await window.seen('home');
    await page.getByRole('link', { name: 'Organ donation' }).last().click();
    await window.seen('the decision before there is one');
    await page.getByRole('link', { name: 'Register your decision' }).click();
    await window.seen('the choice');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.locator('.nhsuk-error-summary').waitFor();
    await page.getByLabel('I want to donate some organs').check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await window.seen('the organs');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Choose at least one organ').first().waitFor();
    await page.getByRole('checkbox', { name: 'Heart', exact: true }).check();
    await page.getByLabel('Kidneys').check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await window.seen('the check');
    await page.getByRole('button', { name: 'Register my decision' }).click();
    await page.getByText('Your decision is registered').waitFor();
    await window.seen('the confirmation');
    await page.goBack();
    await page.getByRole('button', { name: /decision/ }).click();
    await page.waitForURL(/donation\?registered/);

    await page.getByRole('link', { name: 'Change your decision' }).click();
    await page.getByLabel('I want other people to decide').check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await window.seen('the representatives');
    await page.getByLabel('Full name of the first person').fill('Una <i>Example</i>');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Change my decision' }).click();
    await page.getByText('Your decision is registered').waitFor();
    assert.ok((await page.content()).includes('Una &lt;i&gt;Example&lt;/i&gt;'));

    await page.goto('/donation/faith');
    await window.seen('faith');
    await page.getByRole('radio').first().check();
    await page.locator('main button').first().click();
    await page.waitForURL(/donation\?declared/);

    await page.getByRole('link', { name: /[Ww]ithdraw/ }).click();
    await window.seen('the warning before withdrawing');
    assert.match(await page.locator('main').innerText(), /not.{0,20}(the same as )?(opting out|saying no)|deemed consent/);
    await page.getByRole('button', { name: /[Ww]ithdraw/ }).click();
    await page.getByText('Your decision is withdrawn').waitFor();
    await window.seen('the decision after withdrawing');
    window.faultless('the journey');
    await window.close();
  });
}

test('staff have no way to a decision', async () => {
  const window = await Window.open(server);
  await window.page.goto('/sign-in');
  await window.page.locator('form[action^="/sign-in/reception"] button').click();
  await window.page.waitForLoadState();
  for (const path of ['/donation', '/donation/register', '/donation/history']) {
    const answer = await window.page.goto(path);
    assert.equal(answer.status(), 403, path);
  }
  await window.close();
});
