// The connection to a node, which opens again by itself after it is lost.

import { BACKOFF_CAP, CONNECT_LIMIT, PROBE_LIMIT, STABLE } from './limits.js';
import { link, me } from './state.js';
import { jitter } from './tools.js';
import { paint } from './view.js';

const FINAL = {                      // close codes after which the page does not connect again by itself
  1000: 'The server has ended this connection.',
  1002: 'The server did not understand this page (protocol error).',
  1003: 'The server did not understand this page (binary data).',
  1007: 'The server did not understand this page (broken text).',
  1008: 'The server does not let this page in.',
  1009: 'A message was too big for the server.',
  4001: 'You have logged in elsewhere.',
};

let socket = null;                   // the current one; events of earlier ones are ignored
let openedAt = 0;
let linkTimer, probeTimer;

// Functions that are called after the connection has opened (with the time of the loss, if there was
// one), after it was lost, and for each frame. main.js sets them.
let listener;
export function listen(to) { listener = to; }

export function connect() {
  clearTimeout(linkTimer);
  link.state = 'connecting';
  // Beside the page, also under a prefix that a balancer puts before the page's path.
  const url = new URL('ws', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const mine = socket = new WebSocket(url);
  linkTimer = setTimeout(() => lost(1006, ''), CONNECT_LIMIT);
  mine.onopen = () => { if (mine === socket) opened(); };
  mine.onmessage = event => { if (mine === socket) received(event.data); };
  mine.onclose = event => { if (mine === socket) lost(event.code, event.reason); };
  paint();
}

function opened() {
  clearTimeout(linkTimer);
  link.state = 'open';
  openedAt = Date.now();
  const lostAt = link.lostAt;
  link.lostAt = 0;
  listener.opened(lostAt);
  paint();
}

// `code` is also 1006 if the page itself gave the socket up.
function lost(code, reason) {
  const old = socket;
  socket = null;
  clearTimeout(linkTimer);
  clearTimeout(probeTimer);
  probeTimer = undefined;
  old?.close();
  if (link.state === 'open') {
    link.lostAt = Date.now();
    if (link.lostAt - openedAt > STABLE) link.attempts = 0;
  }
  link.node = '';
  if (FINAL[code]) {
    link.state = 'stopped';
    link.stopText = FINAL[code] + (reason ? ` (${reason})` : '');
  } else {
    const wait = jitter(link.attempts++, BACKOFF_CAP);
    link.state = 'waiting';
    link.retryAt = Date.now() + wait;
    linkTimer = setTimeout(connect, wait);
  }
  listener.lost();
  paint();
}

export function transmit(message) { socket.send(JSON.stringify(message)); }

// Gives the connection up unless the server answers. Scripts cannot see pings; the server answers
// every message of an unknown type.
export function probe() {
  if (link.state !== 'open' || probeTimer) return;
  probeTimer = setTimeout(() => lost(1006, ''), PROBE_LIMIT);
  transmit({ type: 'ping', username: me.name });
}

function received(frame) {
  clearTimeout(probeTimer);
  probeTimer = undefined;
  listener.received(frame);
}

addEventListener('online', () => { if (link.state === 'waiting') connect(); else probe(); });
addEventListener('offline', () => paint());
