// Runs tests of the client in Node or Deno, and prints TAP: run.js FILE…

const files = globalThis.Deno ? Deno.args : process.argv.slice(2);
globalThis.CustomEvent ??= class extends Event {
  constructor(type, { detail }) { super(type); this.detail = detail; }
};
// Debian's Node 18 has neither.
AbortSignal.any ??= (signals) => {
  const end = new AbortController();
  for (const signal of signals) signal.addEventListener('abort', () => end.abort());
  return end.signal;
};
// Node 18 takes no file outside of this folder for a module.
const { readFile } = await import('node:fs/promises');
const text = await readFile(new URL('../../Sources/CEmbedded/page/chatnode.js', import.meta.url), 'utf8');
const client = await import(`data:text/javascript,${encodeURIComponent(text)}`);
// Milliseconds: none waits for anything but its own steps.
const LIMIT = 10000;
const late = () => new Promise((_, reject) => setTimeout(() => reject(new Error('it hangs')), LIMIT));
let count = 0, failures = 0;
for (const file of files) {
  for (const { title, run } of (await import(`./${file}`)).tests(client)) {
    count++;
    try {
      await Promise.race([run(), late()]);
      console.log(`ok ${count} - ${title}`);
    } catch (error) {
      failures++;
      console.log(`not ok ${count} - ${title}\n# ${String(error.stack).replaceAll('\n', '\n# ')}`);
    }
  }
}
console.log(`1..${count}`);
const code = count && !failures ? 0 : 1;
if (globalThis.Deno) Deno.exit(code); else process.exit(code);
