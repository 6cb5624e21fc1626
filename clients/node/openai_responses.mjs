// The OpenAI SDK's Responses for Node: plain, streamed, many streamed at once,
// and over a WebSocket, compressed on request.

import OpenAI from 'openai';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { nothingSeen, options, prompt, report, run, seenError } from './common.mjs';

const args = options(['plain', 'stream', 'concurrent', 'socket', 'socket-deflate'], 'gpt-4o-mini');
const client = new OpenAI({ apiKey: args.key, baseURL: args.baseUrl, maxRetries: 0 });
const bodyOf = (call) => ({ model: args.model, input: [{ role: 'user', content: prompt(args, call) }] });

function seenOf(response, text) {
  return {
    text: text ?? response.output_text,
    tool_calls: response.output.filter((item) => item.type === 'function_call')
      .map(({ call_id: id, name, arguments: words }) => ({ id, name, arguments: words })),
    usage: { input: response.usage.input_tokens, output: response.usage.output_tokens },
    finish: response.incomplete_details?.reason ?? response.status,
    model: response.model,
  };
}

async function streamed(body) {
  let text = '';
  for await (const event of await client.responses.create({ ...body, stream: true })) {
    if (event.type === 'response.output_text.delta') text += event.delta;
    if (event.type === 'response.completed') return seenOf(event.response, text);
    if (event.type === 'response.failed') throw new Error(event.response.error.message);
  }
  throw new Error('the stream ended early');
}

function overSocket(socket, body) {
  return new Promise((resolve, reject) => {
    let text = '';
    const onDelta = (event) => { text += event.delta; };
    socket.on('response.output_text.delta', onDelta);
    socket.once('response.completed', ({ response }) => {
      socket.off('response.output_text.delta', onDelta);
      resolve(seenOf(response, text));
    });
    socket.once('response.failed', ({ response }) => reject(new Error(response.error.message)));
    socket.once('error', reject);
    socket.send({ type: 'response.create', ...body });
  });
}

async function plain(body) {
  return seenOf(await client.responses.create(body));
}

const socket = args.mode.startsWith('socket')
  ? new ResponsesWS(client, { perMessageDeflate: args.mode === 'socket-deflate' })
  : null;
const send = { plain, stream: streamed, concurrent: streamed }[args.mode] ?? ((body) => overSocket(socket, body));

await run(args, async (call) => {
  const began = performance.now();
  const seen = await send(bodyOf(call)).catch((error) => ({ ...nothingSeen(), ...seenError(error) }));
  report(args, call, began, seen);
});
socket?.close();
