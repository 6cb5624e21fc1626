// What a program on Bun says to the server of the tests: argv is its port. A
// request as soon as it runs, long ones in both directions at the same time, an
// answer read piece by piece, and node's own client. Ends with 1 where an answer
// is not what it should be.
const https = require("node:https");

const base = `https://127.0.0.1:${process.argv[2]}`;
const tls = { rejectUnauthorized: false };
const reversed = (text) => [...text].reverse().join("");

async function post(text) {
  const answer = await fetch(`${base}/v1/messages`, { method: "POST", body: text, tls });
  if ((await answer.text()) !== reversed(text)) throw new Error("another answer");
}

async function stream(size) {
  const answer = await fetch(`${base}/${size}`, { tls });
  let read = 0;
  for await (const piece of answer.body) read += piece.length;
  if (read !== size) throw new Error(`${read} bytes of ${size}`);
}

function node(text) {
  return new Promise((done, failed) => {
    const options = { method: "POST", rejectUnauthorized: false, headers: { "content-length": text.length } };
    const request = https.request(`${base}/v1/chat`, options, (answer) => {
      let got = "";
      answer.setEncoding("latin1");
      answer.on("data", (piece) => (got += piece));
      answer.on("end", () => (got === reversed(text) ? done() : failed(new Error("another answer"))));
    });
    request.on("error", failed);
    request.end(text);
  });
}

try {
  await post("made-up prompt");
  await Promise.all([post("a".repeat(300_000)), post("b c d ".repeat(50_000)), stream(1_000_000)]);
  await node("made-up prompt of node's client");
  await post("the last one");
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(1);
}
