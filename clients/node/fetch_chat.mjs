// Node's own fetch: plain, streamed, and many plain calls at once.

import { addChunk, nothingSeen, openaiUsage, options, prompt, report, run } from './common.mjs';

const args = options(['plain', 'stream', 'concurrent'], 'gpt-4o-mini');
const more = args.mode === 'stream' ? { stream: true, stream_options: { include_usage: true } } : {};

async function streamed(response) {
  const seen = nothingSeen();
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of response.body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop();
    for (const line of lines) if (line.startsWith('data: {')) addChunk(seen, JSON.parse(line.slice(6)));
  }
  return seen;
}

async function plain(response) {
  const { choices, usage, model } = await response.json();
  return { text: choices[0].message.content, usage: openaiUsage(usage), finish: choices[0].finish_reason, model };
}

await run(args, async (call) => {
  const began = performance.now();
  const response = await fetch(`${args.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${args.key}` },
    body: JSON.stringify({ model: args.model, messages: [{ role: 'user', content: prompt(args, call) }], ...more }),
  });
  if (!response.ok) {
    const { error } = await response.json();
    report(args, call, began, { error: { status: response.status, message: error.message } });
    return;
  }
  report(args, call, began, await (args.mode === 'stream' ? streamed(response) : plain(response)));
});
