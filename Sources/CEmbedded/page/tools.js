// Short functions that many modules use.

import { BACKOFF } from './limits.js';

export const $ = id => document.getElementById(id);

export function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

export function setText(id, text) { if ($(id).textContent !== text) $(id).textContent = text; }

// Has a screen reader say it.
export function say(text) { $('say').textContent = text; }

// Shows what is wrong with a field; an empty text means that nothing is.
export function trouble(field, text) {
  setText(`${field}-trouble`, text);
  $(`${field}-trouble`).hidden = !text;
  $(field).setAttribute('aria-invalid', String(Boolean(text)));
}

// A browser that keeps no data for this site throws as soon as one of its stores is named.
export const stored = (store, change) => { try { return change(window[store]); } catch { return null; } };

// The server compares names folded, and the folded names of two clients that are logged in always differ.
export const fold = name => name.normalize('NFKC').toLowerCase();

export const quoted = name => `“${name}”`;

// A random pause before an attempt: the bound doubles with each attempt, up to `cap`.
export const jitter = (attempt, cap) => Math.random() * Math.min(cap, BACKOFF * 2 ** Math.min(attempt, 16));
