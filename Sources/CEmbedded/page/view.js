// Shows the state of the page: which form, the banner, the footer.

import { NEWS_SHOWN } from './limits.js';
import { follow } from './scroll.js';
import { page } from './state.js';
import { $, avatar, make, quoted, setText } from './tools.js';

const ENDED = {                      // by close codes, after which the client does not come back by itself
  1000: 'The server has ended this connection.',
  1002: 'The server did not understand this page (protocol error).',
  1003: 'The server did not understand this page (binary data).',
  1007: 'The server did not understand this page (broken text).',
  1008: 'The server does not let this page in.',
  1009: 'A message was too big for the server.',
  4001: 'You have logged in elsewhere: this name goes on there.',
  4003: 'You have been removed from this chat.',
};

const link = { state: 'connecting', wasOpen: false, retryAt: 0, failed: false, refusal: null };
let ticker, newsTimer, round = '';

/** Takes a change of the connection. */
export function linkChanged({ state, wait_ms = 0, code, reason }) {
  Object.assign(link, { state, retryAt: Date.now() + wait_ms, code, reason });
  if (state === 'open') Object.assign(link, { wasOpen: true, failed: false });
  if (state === 'waiting') link.failed = true;
  if (state !== 'open') [link.refusal, link.isDegraded, round] = [null, false, ''];
  paint();
}

/** Takes whether the node is cut off from the others. */
export function degraded(isDegraded) { link.isDegraded = isDegraded; paint(); }

/** Takes that a login was refused and is sent again by itself; null: that is over. */
export function loginRefused(message) { link.refusal = message; paint(); }

// Called after every change of the state.
export function paint() {
  const isIn = page.login === 'in';
  document.body.dataset.view = isIn ? 'chat' : 'join';
  $('join').hidden = isIn;
  $('compose').hidden = $('logout').hidden = $('who').hidden = !isIn;
  $('join-act').textContent = page.login === 'asking' ? 'Joining…' : 'Join';
  if (isIn && $('who').lastChild.textContent !== page.name) {
    $('who').lastChild.textContent = page.name;
    avatar($('who').firstChild, page.name);
  }
  paintBanner();
  paintFooter();
}

function paintBanner() {
  let text = '', act = '';
  if (link.state === 'stopped') {
    text = (ENDED[link.code] ?? 'The connection has ended.') + (link.reason ? ` (${link.reason})` : '');
    act = 'Connect again';
  } else if (link.state !== 'open' && link.failed) {
    text = navigator.onLine === false ? 'You are offline.' : link.wasOpen ? 'The connection is gone. What you write is sent later.' : 'The server does not answer.';
    act = 'Try now';
  } else if (link.refusal && page.login !== 'out') {
    text = link.refusal.value === 'taken' ? `Waiting for your name ${quoted(page.name)} to be free again…` : 'The server cannot log you in right now. Waiting…';
    act = 'Pick another name';
  } else if (link.isDegraded) {
    text = 'The server is cut off from the others. What you write is sent later.';
  }
  setText('banner-text', text);
  setText('banner-act', act);
  $('banner-act').hidden = !act;
  if ($('banner').hidden !== !text) { $('banner').hidden = !text; follow(); }
  clearInterval(ticker);
  if (link.state === 'waiting') ticker = setInterval(paintCount, 500);
  paintCount();
}

// Outside of the live region: a screen reader is not to say every second.
function paintCount() {
  const seconds = Math.ceil((link.retryAt - Date.now()) / 1000);
  const isTrying = link.failed && link.state !== 'open' && link.state !== 'stopped';
  setText('banner-count', !isTrying ? '' : link.state === 'waiting' && seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again…');
}

function paintFooter() {
  const isFirst = link.state === 'connecting' && !link.failed;
  document.querySelector('footer').dataset.link = link.state === 'open' ? 'open' : isFirst ? 'connecting' : 'lost';
  const state = link.state === 'open' ? 'Connected' : isFirst ? 'Connecting…' : 'Not connected';
  const { isLoggedIn, node } = page.chat?.view ?? {};
  const shown = [state, isLoggedIn && node, round].join();
  if ($('link').dataset.shown === shown) return;
  $('link').dataset.shown = shown;
  $('link').replaceChildren(state);
  if (isLoggedIn && link.state === 'open') $('link').append(' to node ', make('b', '', node), round && ` · ${round}`);
}

/** Says something that has happened, for a while. */
export function news(text) {
  setText('news', text);
  clearTimeout(newsTimer);
  newsTimer = setTimeout(() => setText('news', ''), NEWS_SHOWN);
}

/** Measures the round trip of an own message: it is what the footer shows. */
export function measured(ms) { round = `${Math.max(1, Math.round(ms))} ms`; paintFooter(); }
