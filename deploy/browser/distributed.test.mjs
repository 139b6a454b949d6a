// The pages on the distributed system: real Kafka, real PostgreSQL, and two processes of each role.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { booked, toCheck, toTimes } from './booking.mjs';
import { rebuild } from './operating.mjs';
import { Receiver, byTextMessage, fromRequestToCollected } from './delivering.mjs';
import { Window, closeBrowser } from './support.mjs';
import { cancelFirst, saturday, toJoin } from './waiting.mjs';

const LOCAL = process.env.LOCAL ?? 'target/debug/local';
const FRONTDOOR = resolve(process.env.FRONTDOOR ?? 'target/debug/frontdoor');
const START_MAX_MS = 180_000;

let folder, receiver, system, nodes;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'frontdoor-browser-'));
  receiver = await Receiver.start();
  const env_of_nodes = { ...process.env, FRONTDOOR_GATEWAY: receiver.gateways };
  system = spawn(LOCAL, [FRONTDOOR, folder], { stdio: ['pipe', 'ignore', 'inherit'], env: env_of_nodes });
  const env = join(folder, 'env');
  for (const began = Date.now(); !existsSync(env); await pause(100)) {
    assert.equal(system.exitCode, null, 'the system ended');
    assert.ok(Date.now() - began < START_MAX_MS, 'the system was not up in time');
  }
  const urls = readFileSync(env, 'utf8').match(/^QUERY_URLS='(.*)'$/m)[1];
  nodes = urls.split(',').map((url) => ({ url }));
});
after(async () => {
  await closeBrowser();
  system?.kill('SIGKILL');
  await new Promise((done) => system?.once('exit', done) ?? done());
  receiver?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/// Sends a signal to the processes of a role.
function signal(name, role) {
  const pids = execFileSync('pgrep', ['-f', '--', `--roles ${role} .*${folder}`], { encoding: 'utf8' }).trim().split('\n');
  for (const pid of pids) process.kill(Number(pid), name);
}

test('a patient books on one node, and sees it and signs out on the other', async () => {
  const window = await Window.open(nodes[0]);
  const { page } = window;
  await window.signIn('alice');
  await toCheck(window);
  await page.getByRole('button', { name: 'Book this appointment' }).click();
  await page.getByText('Appointment booked').first().waitFor();
  await window.seen('the confirmation');
  const { pathname, search } = new URL(page.url());
  const other = await window.context.newPage();
  await other.goto(`${nodes[1].url}${pathname}${search}`);
  await other.getByText('Dr Amara Okafor').waitFor();
  await other.getByRole('button', { name: 'Sign out' }).click();
  await other.getByRole('link', { name: 'Start now' }).waitFor();
  await page.goto('/appointments');
  assert.equal(await window.heading(), 'Who are you?');
  await window.close();
});

test('a view that does not follow: the booking is confirmed, and its page says what is missing', async () => {
  const window = await Window.open(nodes[1]);
  const { page } = window;
  await window.signIn('bob');
  await toCheck(window);
  signal('SIGSTOP', 'projections');
  try {
    await page.getByRole('button', { name: 'Book this appointment' }).click();
    await page.getByText('Appointment booked').first().waitFor();
    await page.getByText('Your booking is saved.').waitFor();
    assert.match(await page.locator('.frontdoor-reference').first().innerText(), /^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$/);
    await window.seen('the confirmation without its details');
  } finally {
    signal('SIGCONT', 'projections');
  }
  await page.reload();
  await page.getByText('Face to face').or(page.getByText('face to face')).first().waitFor();
  assert.equal(await booked(window), 1);
  await window.close();
});

test('a view that does not follow: a time that was taken is refused, and the page says that it may still show it', async () => {
  const [first, second] = [await Window.open(nodes[0]), await Window.open(nodes[1])];
  await first.signIn('alice');
  await second.signIn('dilys');
  for (const window of [first, second]) await toTimes(window, 2);
  const value = await first.page.locator('.frontdoor-times button').nth(2).getAttribute('value');
  signal('SIGSTOP', 'projections');
  try {
    await first.page.locator(`button[value="${value}"]`).click();
    await first.page.getByText('We are holding this time for you').waitFor();
    await second.page.locator(`button[value="${value}"]`).click();
    await second.page.getByText('Someone has just booked that time').waitFor();
    await second.page.getByText('The latest changes may not be on this page yet').waitFor();
  } finally {
    signal('SIGCONT', 'projections');
  }
  for (const window of [first, second]) {
    window.faultless('a refusal while a view stands still');
    await window.close();
  }
});

test('a patient who waits on one node is offered what the desk cancels on the other', async () => {
  const [alice, desk] = [await Window.open(nodes[0]), await Window.open(nodes[1])];
  await alice.signIn('alice');
  await desk.signIn('reception');
  await toJoin(alice);
  await alice.page.getByRole('button', { name: 'Join the waiting list' }).click();
  await alice.page.getByText('You are on the waiting list.').waitFor();
  // The first goes to the first in line, whom the demonstration put there.
  await cancelFirst(desk, saturday());
  await desk.page.goto('/desk/waiting');
  await desk.page.locator('tbody tr', { hasText: 'held until' }).waitFor();
  await cancelFirst(desk, saturday());
  await alice.page.getByRole('link', { name: 'Take this time, or not' }).click();
  await alice.page.getByRole('button', { name: 'Take this time' }).click();
  await alice.page.getByText('Appointment booked').first().waitFor();
  for (const window of [alice, desk]) {
    window.faultless('waiting on two nodes');
    await window.close();
  }
});

test('an operator sees every process, and rebuilds a read model that another process keeps', async () => {
  const window = await Window.open(nodes[0]);
  await window.signIn('operator');
  await window.page.goto('/operate');
  for (const role of [/command/, /relay/, /projections/, /query, ?pages/]) {
    const processes = window.page.locator('table', { hasText: 'Processes' }).locator('tr', { hasText: role });
    await processes.nth(1).waitFor();
  }
  await rebuild(window, 'my_appointments');
  window.faultless('the system');
  await window.close();
});

test('a prescription goes from the request to the collection, across nodes and through the receiver of the pharmacies', async () => {
  await fromRequestToCollected([nodes[0], nodes[1], nodes[0]], receiver);
});

test('a message of the practice reaches the phone as a text message, sent by a process with the role policies', async () => {
  await byTextMessage([nodes[0], nodes[1]], receiver, join(folder, 'data'));
});
