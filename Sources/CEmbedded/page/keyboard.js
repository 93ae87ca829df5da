// The keys that work everywhere in the page, and the list of them.

import { closeDrawers, step } from './rooms.js';
import { scroller, toEnd } from './scroll.js';
import { page } from './state.js';
import { $ } from './tools.js';

addEventListener('keydown', event => {
  if (document.querySelector('dialog[open]') || event.ctrlKey || event.metaKey) return;
  const typing = event.target.matches('input, textarea');
  const move = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (event.altKey) {
    if (move) { event.preventDefault(); step(move); }
    return;
  }
  const by = { PageUp: -1, PageDown: 1 }[event.key];
  if (by && event.target !== scroller) {
    event.preventDefault();
    scroller.scrollBy({ top: by * scroller.clientHeight * .85 });
  } else if (event.key === 'Escape') {
    const drawer = document.body.dataset.drawer;
    if (drawer) { closeDrawers(); $(`${drawer}-open`).focus(); } else toEnd();
  } else if (!typing && event.key === '?') {
    $('keys').showModal();
  } else if (!typing && event.key === '/') {
    event.preventDefault();
    $(page.login === 'in' ? 'text' : 'name').focus();
  }
});
$('keys-open').addEventListener('click', () => $('keys').showModal());
