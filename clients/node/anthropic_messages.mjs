// The Anthropic SDK for Node: plain, streamed, and many streamed calls at once.

import Anthropic from '@anthropic-ai/sdk';
import { options, prompt, report, run, seenError } from './common.mjs';

const args = options(['plain', 'stream', 'concurrent'], 'claude-sonnet-4-5');
const client = new Anthropic({ apiKey: args.key, baseURL: args.baseUrl, maxRetries: 0 });

function seen({ content, usage, stop_reason: finish, model }) {
  const blocks = (type) => content.filter((block) => block.type === type);
  return {
    text: blocks('text').map((block) => block.text).join(''),
    tool_calls: blocks('tool_use').map(({ id, name, input }) => ({ id, name, arguments: JSON.stringify(input) })),
    usage: {
      input: usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
      output: usage.output_tokens,
    },
    finish,
    model,
  };
}

await run(args, async (call) => {
  const began = performance.now();
  const body = { model: args.model, max_tokens: 1024, messages: [{ role: 'user', content: prompt(args, call) }] };
  const answer = args.mode === 'plain' ? client.messages.create(body) : client.messages.stream(body).finalMessage();
  report(args, call, began, await answer.then(seen, seenError));
});
