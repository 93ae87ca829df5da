// Keeps each message that this tab sends, from the text field until the server delivers it.
//
// An item waits (was never sent), flies (was sent and has not come back), or has failed. The server
// acknowledges no message: it is known to be sent once it comes back.

import { probe, transmit } from './connection.js';
import { ANSWER_LIMIT, FRAME_BYTES, PAUSE, PAUSE_CAP, SENDING } from './limits.js';
import { clearMarker } from './log.js';
import { follow } from './scroll.js';
import { link, me, outbox, talk } from './state.js';
import { $, make, quoted, say, trouble } from './tools.js';
import { paint } from './view.js';

const NOT_CONFIRMED = 'Not confirmed: it may have been sent.';

let flight = [];                     // in the order sent, in which they also come back
let refused = 0;                     // errors that the server sent for items in flight; it does not say for which
let lastRefusal = '';
let pause = 0, notBefore = 0, drainTimer, overdueTimer;

export const isFlying = () => flight.length > 0;

// MARK: from the field

function submit() {
  const text = $('text').value.trimEnd();
  if (!text.trim()) return;
  const over = new TextEncoder().encode(JSON.stringify({ type: 'chat', username: me.name, value: text })).length - FRAME_BYTES;
  if (over > 0) return trouble('text', `Too long by ${over} bytes.`);
  trouble('text', '');
  $('text').value = '';
  fit();
  const item = { text, state: '', element: make('li'), label: make('span') };
  const bubble = make('div', 'msg');
  const body = make('div', 'text', text);
  body.dir = 'auto';
  bubble.append(body);
  item.element.append(bubble);
  outbox.push(item);
  $('outbox').append(item.element);
  setState(item, 'waiting', '');
  clearMarker();
  talk.atEnd = true;
  drain();
  paint();
  follow();
}

// Gives the field the height of its text, in browsers that do not do so by themselves.
function fit() {
  if (CSS.supports('field-sizing', 'content')) return;
  $('text').style.height = 'auto';
  $('text').style.height = `${$('text').scrollHeight + 2}px`;
}

$('compose').addEventListener('submit', event => { event.preventDefault(); submit(); $('text').focus(); });
$('text').addEventListener('input', () => { trouble('text', ''); fit(); });
$('text').addEventListener('keydown', event => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
    event.preventDefault();
    submit();
  }
});

// MARK: to the server

// Sends what waits, as fast as the server takes it.
export function drain() {
  clearTimeout(drainTimer);
  for (const item of outbox.filter(each => each.state === 'waiting')) {
    const early = notBefore - Date.now();
    if (me.state !== 'in' || link.state !== 'open') { setState(item, 'waiting', 'Waiting for the connection'); continue; }
    if (early > 0) { drainTimer = setTimeout(drain, early); break; }
    transmit({ type: 'chat', username: me.name, value: item.text });
    item.sentAt = Date.now();
    flight.push(item);
    setState(item, 'flying', '');
    if (pause) notBefore = Date.now() + pause;
  }
  settle();
}

// Called after every change of what flies.
function settle() {
  if (refused >= flight.length) {    // every item in flight was refused
    for (const item of flight) setState(item, 'failed', lastRefusal);
    flight = [];
    refused = 0;
  }
  clearTimeout(overdueTimer);
  if (flight.length) overdueTimer = setTimeout(overdue, Math.max(0, flight[0].sentAt + ANSWER_LIMIT - Date.now()));
}

function overdue() {
  const late = Date.now() - ANSWER_LIMIT;
  while (flight.length && flight[0].sentAt <= late) setState(flight.shift(), 'failed', NOT_CONFIRMED);
  probe();
  settle();
}

// Fails what flies. The page sends none of it again by itself, because it may have arrived.
export function forgetFlight() {
  for (const item of flight) setState(item, 'failed', NOT_CONFIRMED);
  flight = [];
  refused = 0;
  settle();
  drain();
}

export function failWaiting() {
  for (const item of outbox) if (item.state === 'waiting') setState(item, 'failed', 'Not sent.');
}

// MARK: from the server

// A message of this tab's own name has come.
export function ownCameBack(text) {
  const at = flight.findIndex(item => item.text === text);
  if (at < 0) {                      // perhaps one that was given up too early
    const item = outbox.find(each => each.state === 'failed' && each.sentAt && each.text === text);
    if (item) discard(item);
    return;
  }
  // Messages come back in the order sent: what was sent before this one will not come any more.
  const passed = flight.splice(0, at + 1);
  discard(passed.pop());
  for (const item of passed) setState(item, 'failed', lastRefusal || 'Not sent.');
  refused = Math.max(0, refused - passed.length);
  // Until then the page sends slowly: what was refused and is sent again at once floods the server.
  if (!flight.length && !outbox.some(item => item.state === 'waiting')) pause = 0;
  settle();
}

// The server has refused a message, and takes the next one after `wait` at the earliest.
export function noteRefusal(text, isTooFast, wait) {
  if (isTooFast || wait) {
    pause = Math.min(PAUSE_CAP, Math.max(pause, wait, PAUSE));
    notBefore = Date.now() + Math.max(wait, pause);
  }
  lastRefusal = `Not sent: ${text}`;
  if (flight.length) { refused++; settle(); say(lastRefusal); }
}

// MARK: items

function discard(item) {
  outbox.splice(outbox.indexOf(item), 1);
  const focused = item.element.contains(document.activeElement);
  item.element.remove();
  if (focused) $('text').focus();
}

function setState(item, state, label) {
  item.label.textContent = label;
  if (item.state === state) return;
  item.state = state;
  item.element.className = state;
  item.bar?.remove();
  const bar = item.bar = make('div', 'state');
  item.element.append(bar);
  bar.append(item.label);
  if (state === 'flying') setTimeout(() => { if (item.state === 'flying' && item.bar === bar) { item.label.textContent = 'Sending…'; follow(); } }, SENDING);
  if (state === 'failed') bar.append(...buttons(item));
  follow();
}

function buttons(item) {
  const short = quoted(item.text.length > 40 ? item.text.slice(0, 40) + '…' : item.text);
  const retry = make('button', 'button quiet', 'Retry'), drop = make('button', 'button quiet', 'Discard');
  retry.type = drop.type = 'button';
  retry.setAttribute('aria-label', `Retry ${short}`);
  drop.setAttribute('aria-label', `Discard ${short}`);
  drop.addEventListener('click', () => discard(item));
  retry.addEventListener('click', () => {
    outbox.push(outbox.splice(outbox.indexOf(item), 1)[0]);
    $('outbox').append(item.element);
    setState(item, 'waiting', '');
    $('text').focus();
    drain();
  });
  return [retry, drop];
}
