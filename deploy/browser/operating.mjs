// The steps of an operator, for the journeys that need them.

import assert from 'node:assert/strict';

/// Rebuilds a read model on the page, and waits for the next build. The page of a rebuild is checked if it is still running.
export async function rebuild(window, name) {
  const { page } = window;
  await page.goto('/operate');
  await window.seen('the system');
  await page.getByRole('link', { name, exact: true }).click();
  await window.seen('a read model');
  const build = () => page.locator('dt', { hasText: /^Build$/ }).locator('xpath=following-sibling::dd[1]').innerText();
  const before = await build();
  const again = page.getByRole('button', { name: 'Rebuild this read model' });
  await again.click();
  await page.waitForURL(/read-models\/\w+/);
  // The next build serves a moment before its rebuild is over, and a page without a script does not move on by itself.
  for (let looks = 0; (await build()) === before || !(await again.isVisible()); looks += 1) {
    assert.ok(looks < 100, 'the rebuild does not end');
    await page.waitForTimeout(300);
    if (!window.script) await page.reload();
  }
  await window.seen('a read model after its rebuild');
}
