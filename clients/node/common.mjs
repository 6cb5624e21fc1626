// What the Node clients share: options, prompts, the report of a call.
//
// Each prints one JSON line per answer with what it saw itself. They never
// leave the machine: every name resolves to 127.0.0.1. Node takes the
// authority to trust from NODE_EXTRA_CA_CERTS, set before it starts.

import dns from 'node:dns';
import path from 'node:path';
import { parseArgs } from 'node:util';

export function options(modes, model) {
  const { values } = parseArgs({
    options: {
      'base-url': { type: 'string' },
      key: { type: 'string', default: 'sk-test-made-up-0000' },
      mode: { type: 'string', default: modes[0] },
      model: { type: 'string', default: model },
      prompt: { type: 'string', default: 'Say something nice' },
      'prompt-bytes': { type: 'string', default: '0' },
      calls: { type: 'string', default: '1' },
    },
  });
  if (!values['base-url'] || !modes.includes(values.mode)) {
    process.stderr.write(`usage: --base-url URL [--mode ${modes.join('|')}] [--calls N] [--prompt-bytes N] …\n`);
    process.exit(2);
  }
  stayLocal();
  return { ...values, baseUrl: values['base-url'], calls: Number(values.calls), promptBytes: Number(values['prompt-bytes']) };
}

function stayLocal() {
  dns.lookup = (_name, options, done) => {
    const callback = done ?? options;
    const local = { address: '127.0.0.1', family: 4 };
    return options?.all ? callback(null, [local]) : callback(null, local.address, local.family);
  };
}

const FILLER = Buffer.from('Every byte of this prompt counts. ');

export function prompt(args, call) {
  const text = `${args.prompt} (call ${call})`;
  const missing = args.promptBytes - Buffer.byteLength(text);
  return missing > 0 ? Buffer.alloc(missing, FILLER).toString() + text : text;
}

export function report(args, call, began, seen) {
  const line = {
    client: path.basename(process.argv[1]),
    pid: process.pid,
    mode: args.mode,
    call,
    model: null,
    text: '',
    tool_calls: [],
    usage: null,
    finish: null,
    error: null,
    ...seen,
    seconds: (performance.now() - began) / 1000,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

export function openaiUsage(usage) {
  return usage ? { input: usage.prompt_tokens, output: usage.completion_tokens } : null;
}

export function seenError(error) {
  return { error: { status: error.status ?? null, message: error.message } };
}

/** Adds a chunk of an OpenAI stream to what was seen of the answer. */
export function addChunk(seen, chunk) {
  seen.model = chunk.model ?? seen.model;
  seen.usage = openaiUsage(chunk.usage) ?? seen.usage;
  for (const choice of chunk.choices ?? []) {
    seen.text += choice.delta.content ?? '';
    seen.finish = choice.finish_reason ?? seen.finish;
    for (const part of choice.delta.tool_calls ?? []) {
      const call = (seen.tool_calls[part.index] ??= { id: '', name: '', arguments: '' });
      call.id += part.id ?? '';
      call.name += part.function?.name ?? '';
      call.arguments += part.function?.arguments ?? '';
    }
  }
}

export function nothingSeen() {
  return { text: '', tool_calls: [], usage: null, finish: null, model: null };
}

/** Runs the calls one after the other, or all at once in mode `concurrent`. */
export async function run(args, one) {
  const calls = [...Array(args.calls).keys()];
  if (args.mode.startsWith('concurrent')) {
    await Promise.all(calls.map(one));
    return;
  }
  for (const call of calls) await one(call);
}
