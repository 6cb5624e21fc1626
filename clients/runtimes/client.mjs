// One client for each of JavaScript's ways to call, in node, Bun and Deno: the
// arguments are LIBRARY BASE CA LABEL COUNT. All COUNT calls run at once. With
// LINGER=1 it says `done` and waits for the end of its input.

import fs from 'node:fs';
import process from 'node:process';

const [library, base, ca, label, count] = process.argv.slice(2);
const url = `${base}/v1/chat/completions`;
const key = 'sk-test-made-up-0000';
const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
const filler = 'Every byte of this prompt counts. '.repeat(60);
const chat = (number) => ({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: `${filler}${label}-${number}. [[bytes=3000]]` }],
});

async function byFetch(fetch, body) {
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  await response.text();
  return response.status;
}

async function byHttps(body) {
  const https = await import('node:https');
  return new Promise((done, failed) => {
    const request = https.request(url, { method: 'POST', headers }, (response) => {
      response.resume().on('end', () => done(response.statusCode));
    });
    request.on('error', failed).end(JSON.stringify(body));
  });
}

async function byAxios(body) {
  const { default: axios } = await import('axios');
  return (await axios.post(url, body, { headers, proxy: false })).status;
}

async function byUndici(body) {
  const { Agent, fetch } = await import('undici');
  const dispatcher = new Agent({ connect: { ca: fs.readFileSync(ca) } });
  return byFetch((at, options) => fetch(at, { ...options, dispatcher }), body);
}

async function byOpenai(body) {
  const { default: OpenAI } = await import('openai');
  await new OpenAI({ apiKey: key, baseURL: `${base}/v1` }).chat.completions.create(body);
  return 200;
}

const call = {
  fetch: (body) => byFetch(fetch, body),
  https: byHttps,
  axios: byAxios,
  undici: byUndici,
  openai: byOpenai,
}[library];
const statuses = await Promise.all(Array.from({ length: Number(count) }, (_, number) => call(chat(number))));
if (statuses.some((status) => status !== 200)) throw new Error(`statuses ${statuses}`);
if (process.env.LINGER) {
  console.log('done');
  process.stdin.resume();
  await new Promise((done) => process.stdin.on('end', done));
}
process.exit(0);
