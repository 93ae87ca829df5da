// Exits with 0 in an engine that has WebSocket: Node 22 or later, Deno.
const code = typeof WebSocket === 'function' ? 0 : 1;
if (globalThis.Deno) Deno.exit(code); else process.exit(code);
