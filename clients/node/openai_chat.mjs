// The OpenAI SDK for Node: plain, streamed, with tools in two turns, and many
// streamed calls at once.

import OpenAI from 'openai';
import { addChunk, nothingSeen, openaiUsage, options, prompt, report, run, seenError } from './common.mjs';

const args = options(['plain', 'stream', 'tools', 'concurrent'], 'gpt-4o-mini');
const client = new OpenAI({ apiKey: args.key, baseURL: args.baseUrl, maxRetries: 0 });
const tools = [{
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather forecast for a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}];

async function plain(seen, body) {
  const completion = await client.chat.completions.create(body);
  const [choice] = completion.choices;
  Object.assign(seen, {
    text: choice.message.content ?? '',
    tool_calls: (choice.message.tool_calls ?? []).map((call) => ({ id: call.id, ...call.function })),
    usage: openaiUsage(completion.usage),
    finish: choice.finish_reason,
    model: completion.model,
  });
}

async function streamed(seen, body) {
  const stream = await client.chat.completions.create({ ...body, stream: true, stream_options: { include_usage: true } });
  for await (const chunk of stream) addChunk(seen, chunk);
}

// One turn. What was seen before an error is reported with it.
async function ask(call, messages, more) {
  const began = performance.now();
  const seen = nothingSeen();
  const send = args.mode === 'stream' || args.mode === 'concurrent' ? streamed : plain;
  await send(seen, { model: args.model, messages, ...more }).catch((error) => Object.assign(seen, seenError(error)));
  report(args, call, began, seen);
  return seen;
}

await run(args, async (call) => {
  const messages = [{ role: 'user', content: prompt(args, call) }];
  if (args.mode === 'tools') {
    const { text, tool_calls: calls } = await ask(call, messages, { tools });
    const asked = calls.map(({ id, ...fn }) => ({ id, type: 'function', function: fn }));
    messages.push({ role: 'assistant', content: text || null, tool_calls: asked });
    messages.push(...calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: '{"sky":"clear"}' })));
  }
  await ask(call, messages, {});
});
