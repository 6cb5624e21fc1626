import { expect, it } from 'vitest';
import type { Process } from '../processes/book';
import { kindOf, mistake, readRules, suggestions, valueOf, withRule, withoutRule } from './rules';

const NONE = { include: [], exclude: [], inKernel: true };

function process(pid: number, exe: string, more: Partial<Process> = {}): Process {
  return { key: String(pid), pid, exe, name: exe.split('/').at(-1) ?? '', cmdline: '', calls: 0, ...more };
}

it('reads rules, and nothing out of something else', () => {
  expect(readRules({ include: ['pid:7'], exclude: [], in_kernel: true })).toEqual({ ...NONE, include: ['pid:7'] });
  for (const odd of [null, [], 'x', { include: 'pid:7', exclude: [7] }])
    expect(readRules(odd)).toEqual({ ...NONE, inKernel: false });
});

it('takes a rule apart', () => {
  expect(['pid:7', 'cgroup:/a:b', 'name:x', 'node'].map((rule) => [kindOf(rule), valueOf(rule)])).toEqual([
    ['pid', '7'],
    ['cgroup', '/a:b'],
    ['name', 'x'],
    ['name', 'node'],
  ]);
});

it('says what is wrong with a new rule', () => {
  expect(mistake('name', 'node', [])).toBe('');
  expect(mistake('pid', ' 42 ', [])).toBe('');
  for (const [kind, value] of [
    ['name', ' '],
    ['name', '/usr/bin/node'],
    ['pid', 'node'],
    ['pid', '-1'],
    ['user', '4294967296'],
    ['cgroup', 'system.slice'],
  ] as const)
    expect(mistake(kind, value, []), `${kind}:${value}`).not.toBe('');
  expect(mistake('pid', '42', ['pid:42'])).toContain('already');
});

it('adds a rule once and removes it', () => {
  const one = withRule(withRule(NONE, 'include', 'pid:1'), 'include', 'pid:1');
  expect(one.include).toEqual(['pid:1']);
  expect(withoutRule(one, 'include', 'pid:1')).toEqual(NONE);
});

it('suggests programs that were seen, those that call first, and none that a rule names', () => {
  const seen = [
    process(1, '/bin/bash'),
    process(2, '/usr/bin/node', { calls: 2, ended: 5 }),
    process(3, '/usr/bin/node', { calls: 1 }),
    process(4, '/usr/bin/python3', { calls: 9 }),
    process(5, '/bin/ended', { ended: 5 }),
    process(6, '', { name: '' }),
  ];
  const rules = { ...NONE, exclude: ['name:python3'] };
  expect(suggestions(seen, rules, 10)).toEqual([
    { name: 'node', pids: [3], calls: 3 },
    { name: 'bash', pids: [1], calls: 0 },
  ]);
  expect(suggestions(seen, NONE, 1).map(({ name }) => name)).toEqual(['python3']);
});
