// Shows the state of the page: which form, the banner, the footer.

import { avatar } from './log.js';
import { follow, paintUnread } from './scroll.js';
import { inChat, link, me, outbox, talk } from './state.js';
import { $, make, quoted, setText } from './tools.js';

let ticker;                          // counts the seconds down in the banner

// Called after every change of the state.
export function paint() {
  const chat = inChat();
  document.body.dataset.view = chat ? 'chat' : 'join';
  $('join').hidden = chat;
  $('compose').hidden = $('logout').hidden = $('who').hidden = $('outbox').hidden = !chat;
  $('join-act').textContent = me.state === 'asking' ? 'Joining…' : 'Join';
  document.querySelector('main').toggleAttribute('data-empty', !talk.shown);
  $('quiet').hidden = talk.shown > 0 || outbox.length > 0;
  // Not live before the login: announcing each message would interrupt filling in the form.
  $('log').setAttribute('aria-live', chat ? 'polite' : 'off');
  if (chat && $('who').lastChild.textContent !== me.name) {
    $('who').lastChild.textContent = me.name;
    avatar($('who').firstChild, me.name);
  }
  paintBanner();
  paintFooter();
  paintUnread();
}

function paintBanner() {
  let text = '', act = '';
  if (link.state === 'stopped') [text, act] = [link.stopText, 'Connect again'];
  else if (link.state === 'waiting' || link.state === 'connecting' && link.attempts) {
    text = navigator.onLine === false ? 'You are offline.' : link.lostAt ? 'The connection is gone.' : 'The server does not answer.';
    act = 'Try now';
  } else if (link.state === 'open' && me.state === 'back' && me.waitingSince) {
    text = me.isTaken ? `Waiting for your name ${quoted(me.name)} to be free again…` : 'The server cannot log you in right now. Waiting…';
    act = 'Pick another name';
  }
  setText('banner-text', text);
  setText('banner-act', act);
  if ($('banner').hidden !== !text) { $('banner').hidden = !text; follow(); }
  clearInterval(ticker);
  if (link.state === 'waiting') ticker = setInterval(paintCount, 500);
  paintCount();
}

// Outside of the live region: a screen reader is not to say every second.
function paintCount() {
  const seconds = Math.ceil((link.retryAt - Date.now()) / 1000);
  const isTrying = link.state === 'connecting' && link.attempts;
  setText('banner-count', link.state === 'waiting' ? seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again…' : isTrying ? 'Trying again…' : '');
}

function paintFooter() {
  const isFirst = link.state === 'connecting' && !link.attempts;
  document.querySelector('footer').dataset.link = link.state === 'open' ? 'open' : isFirst ? 'connecting' : 'lost';
  const state = link.state === 'open' ? 'Connected' : isFirst ? 'Connecting…' : 'Not connected';
  if ($('link').dataset.shown === state + link.node) return;
  $('link').dataset.shown = state + link.node;
  $('link').replaceChildren(state);
  if (link.node) $('link').append(' to node ', make('b', '', link.node));
}
