import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { showDoctor, showHealth } from './capture';

const text = (node: React.ReactNode) => renderToStaticMarkup(node).replace(/<[^>]*>/g, ' ');

it('shows the captured first, then what to do, and folds those without TLS', () => {
  const page = renderToStaticMarkup(
    showDoctor({
      processes: [
        { pid: 1, name: 'sleep', captured: false, why_not: 'no TLS library mapped', remedy: null },
        { pid: 2, name: 'sh', captured: false, why_not: 'no TLS library mapped', remedy: null },
        { pid: 3, name: 'agent', captured: false, why_not: 'rustls', remedy: 'use `oisp-sensor run`' },
        { pid: 4, name: 'curl', exe: '/usr/bin/curl', captured: true, via: ['/lib/libssl.so'] },
        { pid: 5, name: 'node', exe: '/usr/bin/node', captured: true, via: ['/usr/bin/node'] },
      ],
    }),
  );
  const order = ['curl', '/lib/libssl.so', 'TLS inside the program', 'agent', '<code>oisp-sensor run</code>', 'sleep'];
  const places = order.map((word) => page.indexOf(word));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places[0]).toBeGreaterThan(0);
  expect(page.indexOf('sleep')).toBeGreaterThan(page.indexOf('<details'));
  expect(page).toContain('2 more processes use no TLS library');
});

it('shows a report in another form as it comes', () => {
  const page = text(showDoctor({ driver: { state: 'missing' }, streams: [{ app: 'Safari', ring_bytes: 2048 }] }));
  for (const words of ['driver', 'missing', 'Safari', '2.0 KB']) expect(page).toContain(words);
});

it('shows figures that nobody told it of', () => {
  const page = text(showHealth({ status: 'ok', counters: { 'warp.lost_bytes': 2048, plain: 7 } }));
  for (const words of ['Warp', 'lost bytes', '2.0 KB', 'Capture', 'plain', '7', 'status'])
    expect(page).toContain(words);
});
