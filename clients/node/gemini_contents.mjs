// The Google Gen AI SDK for Node: plain, streamed, and many streamed at once.

import { GoogleGenAI } from '@google/genai';
import { nothingSeen, options, prompt, report, run, seenError } from './common.mjs';

const args = options(['plain', 'stream', 'concurrent'], 'gemini-2.5-flash');
const client = new GoogleGenAI({ apiKey: args.key, httpOptions: { baseUrl: args.baseUrl } });

function add(seen, answer) {
  const [candidate] = answer.candidates;
  const parts = candidate.content.parts ?? [];
  seen.text += parts.filter((part) => part.text && !part.thought).map((part) => part.text).join('');
  seen.finish = candidate.finishReason ?? seen.finish;
  seen.model = answer.modelVersion;
  const usage = answer.usageMetadata;
  if (usage?.candidatesTokenCount !== undefined) {
    const output = usage.candidatesTokenCount + (usage.thoughtsTokenCount ?? 0);
    seen.usage = { input: usage.promptTokenCount, output };
  }
}

async function ask(seen, call) {
  const body = { model: args.model, contents: prompt(args, call) };
  if (args.mode === 'plain') {
    add(seen, await client.models.generateContent(body));
    return;
  }
  for await (const chunk of await client.models.generateContentStream(body)) add(seen, chunk);
}

await run(args, async (call) => {
  const began = performance.now();
  const seen = nothingSeen();
  await ask(seen, call).catch((error) => Object.assign(seen, seenError(error)));
  report(args, call, began, seen);
});
