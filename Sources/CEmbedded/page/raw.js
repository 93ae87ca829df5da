// Reads frames. A `value` that is no text is shown as it was sent: the value that JSON.parse returns has
// long numbers rounded and keys that look like numbers in another order.

export function parse(text) {
  const message = JSON.parse(text);
  const chats = message?.type === 'chat' ? [message] : message?.type === 'history' ? message.items : [];
  if (chats.some(chat => chat.type === 'chat' && typeof chat.value !== 'string')) {
    const raw = rawValues(text, message.type === 'chat' ? 1 : 3);
    for (const chat of chats) if ('value' in chat) chat.raw = raw.shift();
  }
  return message;
}

// The texts of all `value` keys at a depth, without the white space between tokens.
function rawValues(text, depth) {
  const tokens = text.match(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g), found = [];
  let level = 0;
  for (let at = 0; at < tokens.length; at++) {
    const isValue = level === depth && tokens[at + 1] === ':' && JSON.parse(tokens[at]) === 'value';
    if (isValue) {
      let value = '', inner = 0;
      for (at += 2; inner || !',}'.includes(tokens[at]); at++) {
        value += tokens[at];
        inner += '{['.includes(tokens[at]) - ']}'.includes(tokens[at]);
      }
      found.push(value);
    }
    level += '{['.includes(tokens[at]) - ']}'.includes(tokens[at]);
  }
  return found;
}
