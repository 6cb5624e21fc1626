// HTTPS with Node: `client PORT PORT COUNT` asks each port in turn, COUNT times at
// once and twice on each connection, and prints which local port each request took;
// `server KEY` answers GET /N with N bytes and prints its port.
const https = require('https');
process.env.NODE_TLS_REJECT_UNAUTHORIZED = 0;

function ask(port, number, agent) {
  return new Promise((resolve) => {
    const request = https.get(
      { port, host: '127.0.0.1', path: `/${number}`, agent, servername: `name${number}.example.test` },
      (answer) => {
        const { localPort, remotePort } = request.socket;
        answer.on('data', () => {});
        answer.on('end', () => resolve({ number, local: localPort, remote: remotePort }));
      },
    );
  });
}

async function connection(port, number) {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, maxCachedSessions: 0 });
  const first = await ask(port, number, agent);
  const second = await ask(port, number, agent);
  console.log(JSON.stringify(first));
  if (first.local !== second.local) throw new Error('not kept alive');
  agent.destroy();
}

const [deed, ...rest] = process.argv.slice(2);
if (deed === 'client') {
  const [a, b, count] = rest.map(Number);
  Promise.all(Array.from({ length: count }, (_, number) => connection(number % 2 ? b : a, number)));
} else {
  const pem = require('fs').readFileSync(rest[0]);
  const server = https.createServer({ key: pem, cert: pem }, (request, answer) => {
    answer.end(Buffer.alloc(Number(request.url.slice(1)), 'x'));
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  process.stdin.on('end', () => process.exit(0)).resume();
}
