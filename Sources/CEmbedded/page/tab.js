// Tells a tab from its copy. Duplicating a tab copies its session store, so the number in it proves
// nothing.
//
// A tab holds a lock under its number as long as it lives, and answers a tab that asks for the same
// number. If the tab that asks gets the lock, it is the original, reloaded; if it gets an answer, it is a
// copy. Browsers have locks in secure contexts only; without them, a tab that gets no answer in time is
// taken for the original until it does get one.

import { PROOF_LIMIT } from './limits.js';
import { stored } from './tools.js';

const tabs = stored('BroadcastChannel', Channel => new Channel('chatnode.tab'));
const question = Date.now() + Math.random();  // of two tabs that ask, the one that was loaded first is the original
let tab = stored('sessionStorage', s => s.getItem('chatnode.tab'));
let proven = false;                  // that this tab is the only one with its number
let heardOfOriginal;                 // called if another tab answers
let onRegained;                      // called if a copy of this tab gives its name back
export function regained(call) { onRegained = call; }

tabs?.addEventListener('message', ({ data }) => {
  if (data.tab !== tab) return;
  if (data.answers === question) heardOfOriginal?.();
  else if (data.returned) onRegained?.();
  // A tab that was reloaded a moment ago is not proven yet, and may be copied meanwhile.
  else if (data.asks !== undefined && (proven || question < data.asks)) tabs.postMessage({ tab, answers: data.asks });
});

function holdLock(signal, then) {
  const hold = () => { then?.(); return new Promise(() => {}); };
  navigator.locks?.request(`chatnode.${tab}`, { signal }, hold).catch(() => {});
}

// Whether this is the tab that the session store belongs to. A copy gets a number of its own. If the
// answer of the original comes too late, `foundOut` is called: this tab is a copy after all.
export async function isOriginal(foundOut) {
  if (tab) {
    const end = new AbortController();
    proven = await new Promise(resolve => {
      heardOfOriginal = () => resolve(false);
      tabs?.postMessage({ tab, asks: question });
      holdLock(end.signal, () => resolve(true));
      setTimeout(() => resolve(!navigator.locks), PROOF_LIMIT);
    });
    end.abort();
    heardOfOriginal = () => {
      const original = tab;
      takeNumber();
      foundOut();
      // The server has read the copy's words by then.
      setTimeout(() => tabs.postMessage({ tab: original, returned: true }), PROOF_LIMIT);
    };
    if (proven) return true;
  }
  const isCopy = Boolean(tab);
  takeNumber();
  return !isCopy;
}

function takeNumber() {
  heardOfOriginal = undefined;
  tab = Array.from(crypto.getRandomValues(new Uint32Array(4)), part => part.toString(36)).join('');
  stored('sessionStorage', s => s.setItem('chatnode.tab', tab));
  proven = true;
  holdLock();
}
