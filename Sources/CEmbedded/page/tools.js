// Short functions that many modules use.

export const $ = id => document.getElementById(id);

export function make(tag, className, ...content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content);
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

export const quoted = text => `“${text.length > 40 ? text.slice(0, 40) + '…' : text}”`;
export const plural = (count, one, many = one + 's') => `${count} ${count === 1 ? one : many}`;

export function avatar(element, name) {
  let hash = 0;
  for (const unit of fold(name)) hash = (hash * 31 + unit.codePointAt(0)) >>> 0;
  element.className = `avatar a${hash % 8}`;
  element.textContent = ([...name][0] ?? '?').toUpperCase();
  element.setAttribute('aria-hidden', 'true');
  return element;
}
