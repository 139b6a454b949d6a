// The pages work without this script. It adds what a page cannot do by itself: live content, countdowns, copying.
'use strict';

// Shows an element, such as the warning before a sign-in ends, when its time comes.
const WARNED_BEFORE_MS = 2 * 60 * 1000;
// The longest delay that a timer takes.
const TIMER_MS_MAX = 2 ** 31 - 1;

function when(time, act) {
  setTimeout(act, Math.min(Math.max(time - Date.now(), 0), TIMER_MS_MAX));
}

function warnBeforeEnd(notice) {
  const end = Date.parse(notice.dataset.endsAt);
  when(end - WARNED_BEFORE_MS, () => { notice.hidden = false; });
  when(end + 1000, () => { location.assign(notice.dataset.then); });
}

// Counts down to the end of a hold. Screen readers hear the first text only, which names the time of the end.
function countDown(element) {
  const end = Date.parse(element.dataset.countdown);
  const left = document.createElement('span');
  left.setAttribute('aria-hidden', 'true');
  element.append(' ', left);
  const show = () => {
    if (!element.isConnected) return;
    const seconds = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    left.textContent = `(${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} left)`;
    if (seconds > 0) setTimeout(show, 1000 - ((Date.now() - end) % 1000 + 1000) % 1000 || 1000);
  };
  show();
}

function offerCopy(source) {
  if (!navigator.clipboard) return;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'nhsuk-button nhsuk-button--secondary nhsuk-button--small';
  button.textContent = source.dataset.copy;
  const said = document.createElement('span');
  said.setAttribute('role', 'status');
  said.className = 'nhsuk-u-visually-hidden';
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(source.textContent.trim());
    button.textContent = said.textContent = 'Copied';
  });
  source.after(button, said);
}

function offerPrint(place) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'nhsuk-button nhsuk-button--secondary';
  button.textContent = 'Print this page';
  button.addEventListener('click', () => print());
  place.append(button);
}

// Replaces the parts of the page that have `data-part` by those of a fresh copy. What has the focus keeps it.
async function refresh() {
  const response = await fetch(location.href, { headers: { Accept: 'text/html' }, credentials: 'same-origin' });
  if (!response.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
  for (const part of document.querySelectorAll('[data-part]')) {
    const now = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    if (!now || now.innerHTML === part.innerHTML || part.contains(document.querySelector('[data-part] :focus'))) continue;
    part.replaceChildren(...now.childNodes);
    enhance(part);
  }
}

// Follows the page's event stream while the page is in view.
function follow(main) {
  let stream = null;
  let wanted = false;
  let running = false;
  const again = async () => {
    wanted = true;
    if (running) return;
    running = true;
    while (wanted) {
      wanted = false;
      await refresh().catch(() => {});
    }
    running = false;
  };
  const turn = () => {
    if (document.hidden) {
      stream?.close();
      stream = null;
    } else if (!stream) {
      stream = new EventSource(main.dataset.live);
      stream.addEventListener('open-page', again);
      stream.addEventListener('changed', again);
    }
  };
  document.addEventListener('visibilitychange', turn);
  addEventListener('pagehide', () => { stream?.close(); stream = null; });
  turn();
}

// A form is sent once: the server would recognise the repeat, but a person waits for one answer.
function sendOnce(form) {
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = 'true';
    setTimeout(() => { delete form.dataset.sent; }, 5000);
  });
}

// Adds to a part of the page what it cannot do by itself.
function enhance(part) {
  for (const element of part.querySelectorAll('[data-countdown]')) countDown(element);
  for (const form of part.querySelectorAll('form[method="post"]')) sendOnce(form);
}

for (const notice of document.querySelectorAll('[data-ends-at]')) warnBeforeEnd(notice);
enhance(document);
for (const source of document.querySelectorAll('[data-copy]')) offerCopy(source);
for (const place of document.querySelectorAll('[data-print]')) offerPrint(place);
for (const main of document.querySelectorAll('[data-live]')) follow(main);
document.querySelector('[data-focus]')?.focus();
