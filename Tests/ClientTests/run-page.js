// Runs the tests of the client in a page or in a worker of a browser, and tells the server what came of it as TAP.

import * as client from '/Sources/CEmbedded/page/chatnode.js';

const lines = [];
for (const file of ['machine.test.js', 'client.test.js']) {
  for (const { title, run } of (await import(`./${file}`)).tests(client)) {
    try {
      await run();
      lines.push(`ok ${title}`);
    } catch (error) {
      lines.push(`not ok ${title}`, `# ${error.stack.replaceAll('\n', '\n# ')}`);
    }
  }
}
lines.push(`1..${lines.length}`);
await fetch('/told', { method: 'POST', body: lines.join('\n') });
