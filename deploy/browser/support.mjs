// Shared by all journeys: a server of their own, a browser, and the checks that hold for every page.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

import { HtmlValidate, StaticConfigLoader } from 'html-validate';
import { chromium } from 'playwright-core';

export const FRONTDOOR = process.env.FRONTDOOR ?? 'target/debug/frontdoor';
const BROWSER = process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell';
// The longest wait for anything on a page, in milliseconds: generous, because CI is slow.
const WAIT_MAX_MS = 30_000;
const START_MAX_MS = 120_000;

/// Waits until `holds`, which looks at something that does not tell of its changes.
export async function eventually(what, holds) {
  for (const began = Date.now(); !(await holds()); await pause(200)) {
    assert.ok(Date.now() - began < WAIT_MAX_MS, `${what} did not come in time`);
  }
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
// `long-title` and `no-trailing-whitespace` are about taste. Forms have several buttons of one name on purpose: the times of
// a day are one choice.
const RULES = {
  extends: ['html-validate:standard'],
  rules: { 'long-title': 'off', 'no-trailing-whitespace': 'off', 'form-dup-name': 'off', 'no-inline-style': 'error' },
};

/// The same rules for every document. html-validate would prepare them anew for each, which takes longer than the check.
class OneConfig extends StaticConfigLoader {
  getConfigFor() {
    return this.resolved ??= super.getConfigFor();
  }
}
const VALIDATOR = new HtmlValidate(new OneConfig(RULES));

/// A server of the demonstration, in a folder of its own, until `stop`.
export class Server {
  static async start(...flags) {
    return Server.startAt(undefined, ...flags);
  }

  /// A server with a clock that begins at `moment` (UTC, like '2026-12-01 09:00:00'), for what depends on the calendar. Windows of
  /// pages on it have no script: the browser's clock is another.
  static async startAt(moment, ...flags) {
    assert.ok(existsSync(FRONTDOOR), `${FRONTDOOR} is missing: cargo build`);
    const server = new Server();
    server.clock = moment && `@${moment}`;
    server.folder = mkdtempSync(join(tmpdir(), 'frontdoor-browser-'));
    server.flags = flags;
    server.listen = '127.0.0.1:0';
    await server.run();
    server.listen = new URL(server.url).host;
    return server;
  }

  async run() {
    const data = join(this.folder, 'data');
    this.process = spawn(
      FRONTDOOR,
      ['serve', '--demo', '--data', data, '--listen', this.listen, '--admin', '127.0.0.1:0', '--log-level', 'warn', ...this.flags],
      { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...fakeClock(this.clock) } },
    );
    this.ended = new Promise((resolve) => this.process.once('exit', resolve));
    const lines = createInterface({ input: this.process.stdout });
    const ready = new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        const found = line.match(/is ready: (http:\S+) \(operator: (http:[^)]+)\)/);
        if (found) resolve(found);
      });
      this.process.once('exit', (code) => reject(new Error(`the server ended: ${code}`)));
      setTimeout(() => reject(new Error('the server was not ready in time')), START_MAX_MS).unref();
    });
    [, this.url, this.admin] = await ready;
  }

  /// Ends it, and starts it again as if it were so many days later.
  async stopAndStartLater(days) {
    this.process.kill('SIGTERM');
    await this.ended;
    this.clock = `+${days}d`;
    await this.run();
  }

  /// Ends it without a chance to write anything, and starts it again on the same address.
  async killAndStart() {
    await this.kill();
    await this.run();
  }

  async kill() {
    this.process.kill('SIGKILL');
    await this.ended;
  }

  async stop() {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/// The environment of a process with another clock: libfaketime answers its questions for the time of day.
function fakeClock(clock) {
  if (!clock) return {};
  const library = execFileSync('bash', ['-c', 'ls /usr/lib/*/faketime/libfaketimeMT.so.1'], { encoding: 'utf8' }).trim();
  return { LD_PRELOAD: library, FAKETIME: clock, TZ: 'UTC', DONT_FAKE_MONOTONIC: '1' };
}

// The browser that is starting or open, as a promise: windows that open at the same time share one.
let browser;

export async function closeBrowser() {
  await (await browser)?.close();
  browser = undefined;
}

/// A window of its own, with its own cookies. Faults of any page in it fail `faultless`.
export class Window {
  static async open(server, { script = true, width = 1280, height = 900, textPercent = 100 } = {}) {
    browser ??= chromium.launch({ executablePath: BROWSER, args: ['--no-sandbox', '--disable-gpu'] });
    const window = new Window();
    window.server = server;
    window.script = script;
    window.faults = [];
    window.context = await (await browser).newContext({
      baseURL: server.url,
      javaScriptEnabled: script,
      viewport: { width, height },
      locale: 'en-GB',
      timezoneId: 'America/New_York',
    });
    window.context.setDefaultTimeout(WAIT_MAX_MS);
    if (textPercent !== 100) {
      await window.context.addInitScript((percent) => {
        addEventListener('DOMContentLoaded', () => { document.documentElement.style.fontSize = `${percent}%`; });
      }, textPercent);
    }
    window.page = await window.context.newPage();
    window.watch(window.page);
    return window;
  }

  watch(page) {
    const own = new URL(this.server.url).host;
    page.on('console', (message) => {
      // The browser writes such a line for each answer that is an error; `seen` looks at the answers themselves.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) this.faults.push(message.text());
    });
    page.on('pageerror', (error) => this.faults.push(String(error)));
    page.on('response', (response) => {
      const isPage = response.request().isNavigationRequest() && response.request().frame() === page.mainFrame();
      if (isPage && ![301, 302, 303, 307, 308].includes(response.status())) this.document = response;
    });
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith('http') && url.host !== own) this.faults.push(`a request leaves the machine: ${url}`);
    });
  }

  /// Signs in with the request of the form, and opens the page that it leads to. The page with the form is left out, because
  /// nearly every journey starts here, and a page costs processor time; the journeys of patients walk through it.
  async signIn(id, next = '') {
    const answer = await this.context.request.post(`/sign-in/${id}${next && `?next=${encodeURIComponent(next)}`}`, {
      headers: { Origin: new URL(this.server.url).origin },
      maxRedirects: 0,
    });
    assert.equal(answer.status(), 303, `signing in as ${id}`);
    await this.page.goto(answer.headers().location);
    await this.page.getByRole('button', { name: 'Sign out' }).waitFor();
  }

  /// Checks the page that is open, as `name`: accessible by axe, valid HTML, no fault so far, no wider than the window.
  async seen(name) {
    if (this.script) {
      await this.page.evaluate(AXE);
      // Without this type, axe describes every element that passes, which takes as long as the checks.
      const found = await this.page.evaluate((tags) => axe.run({ runOnly: tags, resultTypes: ['violations'] }), AXE_TAGS);
      const violations = found.violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ').slice(0, 500)}`,
      );
      assert.deepEqual(violations, [], `axe finds faults on ${name}`);
    }
    const wide = await this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `${name} is ${wide} px wider than the window`);
    await this.valid(name);
    this.faultless(name);
  }

  /// Checks the HTML as the server sent it, also as the answer to a form.
  async valid(name) {
    const report = await VALIDATOR.validateString(await this.document.text(), name);
    const faults = report.results.flatMap(({ messages }) =>
      messages.map(({ ruleId, message, line }) => `${ruleId}, line ${line}: ${message}`),
    );
    assert.deepEqual(faults, [], `html-validate finds faults on ${name}`);
  }

  /// Loads the page again as long as it says that the latest changes may not be on it yet.
  async upToDate() {
    await eventually('a page with the latest changes', async () => {
      if ((await this.page.locator('.frontdoor-late').count()) === 0) return true;
      await this.page.reload();
      return false;
    });
  }

  /// Opens a page until it shows this text: what another person did reaches it a moment later.
  async opened(address, text) {
    await eventually(`${text} at ${address}`, async () => {
      await this.page.goto(address);
      return (await this.page.getByText(text).count()) > 0;
    });
  }

  faultless(name) {
    assert.deepEqual(this.faults, [], `faults on ${name}`);
  }

  async heading() {
    return (await this.page.locator('h1').first().innerText()).trim();
  }

  async close() {
    await this.context.close();
  }
}
