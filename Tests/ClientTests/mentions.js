// Exits with 0 if the page reads a text in a time that grows with its length, and not with the square of it.
// Chromium finds the end of a run at once, other engines do not: so this runs in another one than the page's tests.

globalThis.document = { createElement: () => ({ append() {} }) };
const { nodesOf } = await import('../../Sources/CEmbedded/page/text.js');
const { page } = await import('../../Sources/CEmbedded/page/state.js');

// Milliseconds for 100,000 characters: a few, or more than ten thousand.
const LIMIT = 2000;
page.name = 'ada';
const texts = [`@ada${'-'.repeat(100000)}b`, '@a'.repeat(50000), 'http://,'.repeat(12500), '@ada '.repeat(20000)];
for (const text of texts) {
  const start = performance.now();
  nodesOf(text);
  const time = performance.now() - start;
  if (time > LIMIT) throw new Error(`${text.slice(0, 12)}… takes ${time} ms`);
}
