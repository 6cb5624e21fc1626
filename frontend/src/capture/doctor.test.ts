import { describe, expect, it } from 'vitest';
import { count, readDoctor } from './doctor';

const USE_PROXY = 'start it with `oisp-sensor run -- COMMAND`';
const NO_TLS = 'no TLS library mapped, and none known inside';
const quiet = (pid: number, name: string) => ({
  pid,
  name,
  exe: `/usr/bin/${name}`,
  captured: false,
  why_not: NO_TLS,
  remedy: null,
});

const REPORT = {
  backend: 'ebpf',
  method: 'uprobe_multi',
  ring_bytes: 4_194_304,
  kernel: { release: '6.18.44', btf: true, missing_capabilities: [['CAP_SYS_RESOURCE', 'may refuse the ring']] },
  targets: [
    { path: '/lib/libssl.so', probes: 11, since_ms: 1_795_275_599_260, users: [8, 9], error: null, known: true },
  ],
  processes: [
    quiet(1, 'bash'),
    { pid: 7, name: 'agent', exe: '/opt/agent', captured: false, why_not: 'seems to carry rustls', remedy: USE_PROXY },
    quiet(2, 'bash'),
    {
      pid: 8,
      name: 'curl',
      exe: '/usr/bin/curl',
      captured: true,
      method: 'ebpf_uprobe',
      since_ms: 1_795_275_604_880,
      via: ['/lib/libssl.so'],
    },
    quiet(3, 'sleep'),
  ],
};

describe('the report on processes', () => {
  it('tells captured, missed and silent processes apart', () => {
    const doctor = readDoctor(REPORT);
    expect(doctor?.captured).toEqual([
      {
        name: 'curl',
        pid: 8,
        exe: '/usr/bin/curl',
        method: 'ebpf_uprobe',
        since: 1_795_275_604_880,
        via: ['/lib/libssl.so'],
      },
    ]);
    expect(doctor?.missed.map(({ name, why, remedy }) => [name, why, remedy])).toEqual([
      ['agent', 'seems to carry rustls', USE_PROXY],
    ]);
    expect(doctor?.silent.map(({ name, pids }) => [name, pids])).toEqual([
      ['bash', [1, 2]],
      ['sleep', [3]],
    ]);
    expect(count(doctor?.silent ?? [])).toBe(3);
  });

  it('hides no process that gives another reason, or none', () => {
    const doctor = readDoctor({
      processes: [
        { pid: 4, name: 'a', captured: false, why_not: 'the probe was refused', remedy: null },
        { pid: 5, name: 'b', captured: false },
      ],
    });
    expect(doctor?.missed.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(doctor?.silent).toEqual([]);
  });

  it('puts the facts of the kernel beside those of the capture', () => {
    expect(readDoctor(REPORT)?.facts).toEqual({
      backend: 'ebpf',
      method: 'uprobe_multi',
      ring_bytes: 4_194_304,
      kernel: '6.18.44',
      btf: true,
      missing_capabilities: ['CAP_SYS_RESOURCE: may refuse the ring'],
    });
  });

  it('lists the probed files and who uses them', () => {
    const doctor = readDoctor(REPORT);
    expect(doctor?.targets).toEqual([
      { path: '/lib/libssl.so', probes: 11, since: 1_795_275_599_260, error: '', users: [8, 9] },
    ]);
    expect(doctor?.names.get(8)).toBe('curl');
  });

  it('loses nothing of files in a form that it does not know', () => {
    expect(readDoctor({ ...REPORT, targets: ['a driver'] })?.facts.targets).toEqual(['a driver']);
  });

  it('leaves any other form alone', () => {
    expect(readDoctor({ backend: 'windows', drivers: [] })).toBeNull();
    expect(readDoctor({ processes: [{ pid: 1, state: 'proxied' }] })).toBeNull();
    expect(readDoctor(null)).toBeNull();
    expect(readDoctor([1])).toBeNull();
  });
});
