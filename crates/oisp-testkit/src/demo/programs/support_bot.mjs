// Answers a customer: one streamed call with Node's own fetch.

import dns from 'node:dns';

const [port] = process.argv.slice(2);

// The provider's real name, answered on this machine.
dns.lookup = (_name, options, done) => {
  const callback = done ?? options;
  const local = { address: '127.0.0.1', family: 4 };
  return options?.all ? callback(null, [local]) : callback(null, local.address, local.family);
};

const response = await fetch(`https://api.openai.com:${port}/v1/chat/completions`, {
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    authorization: 'Bearer sk-proj-demo0000000000000000',
    'user-agent': 'support-bot/1.0',
  },
  body: JSON.stringify({
    model: 'gpt-4o-mini',
    stream: true,
    stream_options: { include_usage: true },
    messages: [
      { role: 'system', content: 'You answer customers of a small bicycle shop, kindly and briefly, in their language.' },
      { role: 'user', content: 'Grüezi! Mein Paket ist seit 5 Tagen „in Zustellung“ 😟 Was kann ich tun?' },
    ],
  }),
});
if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);

const decoder = new TextDecoder();
let rest = '';
for await (const bytes of response.body) {
  const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
  rest = lines.pop();
  for (const line of lines) {
    if (!line.startsWith('data: {')) continue;
    process.stdout.write(JSON.parse(line.slice(6)).choices[0]?.delta?.content ?? '');
  }
}
process.stdout.write('\n');
