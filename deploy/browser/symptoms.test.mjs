// A patient checks symptoms, and books what the check advises.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Server, Window, closeBrowser, eventually } from './support.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  await closeBrowser();
  await server?.stop();
});

/// Answers that lead through the questions about a skin problem to a routine appointment. Every other choice is "No".
const RASH = { choices: ['A rash'], days: 42, text: 'Worse in winter' };

async function start(window, { pathway = 'Minor skin problem', party = 'I have them', age = '45', sex = 'Male', sees = true } = {}) {
  const { page } = window;
  if (sees) {
    await page.goto('/check-symptoms');
    await window.seen('the beginning');
    await page.getByRole('link', { name: 'Start', exact: true }).click();
    await window.seen('the pathways');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.locator('.nhsuk-error-summary').waitFor();
    await window.seen('the pathways with a fault');
  }
  await page.getByLabel(pathway).check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await window.seen('the person');
  if (sees) {
    await page.getByRole('button', { name: 'Start the questions' }).click();
    await page.getByText('Agree that your answers are stored').first().waitFor();
    await window.seen('the person with faults');
  }
  await page.getByLabel(party).check();
  await page.getByLabel('How old is the person?').fill(age);
  await page.getByLabel(sex, { exact: true }).check();
  await page.getByLabel('My answers may be stored').check();
  await page.getByRole('button', { name: 'Start the questions' }).click();
  await page.waitForURL(/check-symptoms\/[0-9A-Z]{12}/);
}

/// The day so many days ago in London, as its three fields.
function daysAgo(days) {
  const london = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London' }).format(new Date());
  const [year, month, day] = london.split('-').map(Number);
  const then = new Date(Date.UTC(year, month - 1, day - days));
  return [then.getUTCDate(), then.getUTCMonth() + 1, then.getUTCFullYear()].map(String);
}

/// Answers questions until the advice is there: these choices where they are offered, and "No" otherwise.
async function answerAll(window, { choices, days, text }, most = 25) {
  const { page } = window;
  const seen = new Set();
  for (let asked = 0; asked < most; asked += 1) {
    const main = page.locator('main');
    await main.locator('h1').waitFor();
    if ((await page.getByRole('button', { name: 'Continue' }).count()) === 0) return asked;
    const question = await window.heading();
    assert.match(await main.innerText(), /Call 999[\s\S]*111[\s\S]*Not for clinical use/, question);
    const form = main.locator('form').first();
    const kind = (await form.locator('input[type=radio]').count()) ? 'choice'
      : (await form.locator('#month').count()) ? 'date'
        : (await form.locator('textarea').count()) ? 'text' : 'number';
    if (!seen.has(kind)) {
      seen.add(kind);
      await window.seen(`a question: ${kind}`);
    }
    if (kind === 'choice') {
      const labels = await form.locator('label').allInnerTexts();
      const wanted = labels.find((label) => choices.some((choice) => label.startsWith(choice)));
      await form.getByLabel(wanted ?? labels.find((label) => label.startsWith('No')) ?? labels.at(-1), { exact: true }).check();
    } else if (kind === 'date') {
      const [day, month, year] = daysAgo(days);
      await form.getByLabel('Day').fill('31');
      await form.getByLabel('Month').fill('2');
      await form.getByLabel('Year').fill(year);
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByText('Enter a day from').first().waitFor();
      await window.seen('a date with a fault');
      await form.getByLabel('Day').fill(day);
      await form.getByLabel('Month').fill(month);
      await form.getByLabel('Year').fill(year);
    } else if (kind === 'text') {
      await form.locator('textarea').fill(text);
    } else {
      await form.locator('input[type=text]').fill('1');
    }
    const before = await page.locator('.nhsuk-caption-l').innerText();
    await page.getByRole('button', { name: 'Continue' }).click();
    await eventually('the next question', async () =>
      (await page.locator('.nhsuk-caption-l').first().innerText().catch(() => before)) !== before);
  }
  throw new Error('the questions do not end');
}

for (const [id, name, options] of [
  ['alice', 'with JavaScript', {}],
  ['bob', 'without JavaScript', { script: false }],
  ['chidi', 'at 320 px', { width: 320, height: 640 }],
]) {
  test(`a patient checks symptoms and books what the check advises: ${name}`, async () => {
    const window = await Window.open(server, options);
    const { page } = window;
    await window.signIn(id);
    await start(window);
    const asked = await answerAll(window, RASH);
    assert.ok(asked >= 10, `${asked} questions`);
    await window.seen('the advice');
    const advice = await page.locator('main').innerText();
    assert.match(advice, /Do this within/);
    assert.match(advice, /Why you get this advice/);
    await page.getByRole('button', { name: 'Book a GP appointment' }).click();
    await page.locator('.nhsuk-list--border a').first().click();
    await page.locator('.frontdoor-times button').first().click();
    await page.getByLabel('Reason for the appointment').waitFor();
    assert.equal(await page.getByLabel('Reason for the appointment').inputValue(), 'Symptom check: Minor skin problem');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Book this appointment' }).click();
    await page.waitForURL(/booked/);
    assert.ok((await page.locator('main').innerText()).includes('Symptom check: Minor skin problem'));
    await page.goto('/check-symptoms');
    await page.getByRole('link', { name: /Minor skin problem/ }).first().click();
    await page.getByText('Why you get this advice').waitFor();
    window.faultless('the journey');
    await window.close();
  });
}

test('a red flag leads to 999 at once, an answer can be changed, and a check can be left and resumed', async () => {
  const window = await Window.open(server);
  const { page } = window;
  await window.signIn('dilys');
  await start(window, { pathway: 'Chest pain', party: 'Somebody else', age: '60', sex: 'Female' });
  const first = await window.heading();
  await page.getByLabel('No', { exact: true }).check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('question 2').waitFor();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('Choose an answer').first().waitFor();
  await page.getByRole('button', { name: 'Stop, and go on later' }).click();
  await page.getByRole('button', { name: 'Go on' }).waitFor();
  await window.seen('a check that was left');
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByText('question 2').waitFor();
  await page.getByRole('link', { name: 'Back' }).click();
  assert.equal(await window.heading(), first);
  await window.seen('an answer to change');
  await page.getByLabel(/^Yes/).first().check();
  await page.getByRole('button', { name: 'Change the answer' }).click();
  await page.getByRole('link', { name: 'Call 999', exact: true }).waitFor();
  await window.seen('the advice of an emergency');
  assert.match(await page.locator('main').innerText(), /Do this now/);
  assert.doesNotMatch(page.url(), /chest|pain/i, 'the address says nothing about symptoms');
  window.faultless('the journey');
  await window.close();
});

/// Starts without signing in, answers the questions, signs in to book what is advised, and keeps the check.
for (const [id, name, options] of [
  ['alice', 'with JavaScript', {}],
  ['bob', 'without JavaScript at 320 px', { script: false, width: 320, height: 640 }],
]) {
  test(`a person checks symptoms without an account, signs in and keeps the check: ${name}`, async () => {
    const window = await Window.open(server, options);
    const { page } = window;
    await page.goto('/');
    await page.getByRole('link', { name: 'Check symptoms', exact: true }).click();
    await window.seen('the beginning without a sign-in');
    await page.getByRole('button', { name: 'Start without signing in' }).click();
    await page.getByLabel('Minor skin problem').waitFor();
    await start(window, { sees: false });
    await answerAll(window, RASH);
    await page.getByRole('link', { name: /Sign in to book/ }).waitFor();
    await window.seen('the advice without an account');
    assert.match(await page.locator('main').innerText(), /Your answers are shown on this device only/);
    const own = page.url();
    // Pages of patients need a sign-in, and the check is seen by its person only.
    await page.goto('/appointments');
    await page.waitForURL(/sign-in\?next=%2Fappointments/);
    const stranger = await Window.open(server);
    await stranger.signIn('chidi');
    assert.equal((await stranger.page.goto(new URL(own).pathname)).status(), 404);
    await stranger.page.goto('/check-symptoms');
    assert.equal(await stranger.page.getByText('before you signed in').count(), 0);
    await stranger.close();
    await page.goto(own);
    await page.getByRole('link', { name: /Sign in to book/ }).click();
    await page.locator(`form[action^="/sign-in/${id}"] button`).click();
    await page.getByRole('button', { name: /Keep this symptom check/ }).waitFor();
    await window.seen('the choice to keep it');
    await page.getByRole('button', { name: /Keep this symptom check/ }).click();
    await page.getByRole('button', { name: 'Book a GP appointment' }).waitFor();
    assert.doesNotMatch(await page.locator('main').innerText(), /on this device only/);
    await window.opened('/check-symptoms', 'Minor skin problem');
    assert.equal(await page.getByText('before you signed in').count(), 0);
    window.faultless('the journey');
    await window.close();
  });
}

test('what was answered without an account is discarded, and is not for the next person at the device', async () => {
  const window = await Window.open(server, { script: false });
  const { page } = window;
  const checkWithoutAccount = async () => {
    await page.goto('/check-symptoms');
    await page.getByRole('button', { name: 'Start without signing in' }).click();
    await start(window, { pathway: 'Chest pain', age: '60', sees: false });
    await page.getByLabel(/^Yes/).first().check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('link', { name: 'Call 999', exact: true }).waitFor();
  };
  await checkWithoutAccount();
  await window.signIn('alice', '/check-symptoms');
  await page.getByText('before you signed in').waitFor();
  await window.signIn('bob', '/check-symptoms');
  assert.equal(await page.getByText('before you signed in').count(), 0, 'drafts of a patient end with the sign-in');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('link', { name: 'Start now' }).waitFor();

  await checkWithoutAccount();
  await window.signIn('bob', '/check-symptoms');
  await page.getByRole('link', { name: 'Keep or discard the answers' }).click();
  await page.getByRole('button', { name: 'Do not keep anything' }).click();
  await page.getByRole('heading', { name: 'Check symptoms', exact: true }).waitFor();
  assert.equal(await page.getByText('before you signed in').count(), 0);
  window.faultless('the journey');
  await window.close();
});

test('the recall of a release reaches the people whose checks used it', async () => {
  const window = await Window.open(server);
  const { page } = window;
  await window.signIn('alice');
  await start(window, { pathway: 'Abdominal pain', age: '30', sex: 'Female' });
  const token = join(server.folder, 'data', 'operator');
  const body = JSON.stringify({ release: 'abdominal-pain.1', reason: 'A question about the back was missing.' });
  const recalled = execFileSync('curl', ['-sf', '-H', `@${token}`, '-H', 'Content-Type: application/json', '-H',
    'Idempotency-Key: recall-of-the-journey', '-d', body, `${server.url}/commands/recall-release`], { encoding: 'utf8' });
  assert.match(recalled, /pathway\.release-recalled\.v1/);
  await eventually('the recall', async () => {
    await page.reload();
    return (await page.getByText('Do not rely on this symptom check').count()) > 0;
  });
  await window.seen('a check of withdrawn questions');
  assert.match(await page.locator('main').innerText(), /A question about the back was missing/);
  await eventually('the message', async () => {
    await page.goto('/messages');
    return (await page.getByRole('button', { name: 'Do not rely on your symptom check' }).count()) > 0;
  });
  await page.getByRole('button', { name: 'Do not rely on your symptom check' }).click();
  await page.getByRole('link', { name: 'See your symptom checks' }).waitFor();
  await window.seen('the message about the recall');
  await page.goto('/check-symptoms/start');
  assert.equal(await page.getByLabel('Abdominal pain').count(), 0);
  window.faultless('the journey');
  await window.close();
});

test('staff have no way to symptom checks', async () => {
  const window = await Window.open(server);
  await window.page.goto('/sign-in');
  await window.page.locator('form[action^="/sign-in/reception"] button').click();
  await window.page.waitForLoadState();
  for (const path of ['/check-symptoms', '/check-symptoms/start', '/check-symptoms/person', '/check-symptoms/0123456789AB']) {
    const answer = await window.page.goto(path);
    assert.equal(answer.status(), 403, path);
  }
  await window.close();
});
