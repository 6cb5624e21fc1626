// The rules that say whose traffic is captured: `kind:value`, as the sensor
// writes them.

import type { Process } from '../processes/book';
import { list, rec, str } from '../oisp/event';

export type Kind = 'name' | 'pid' | 'user' | 'cgroup';

/** Which of the two lists. */
export type Side = 'include' | 'exclude';

export interface Rules {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** The capture itself leaves the others out. */
  readonly inKernel: boolean;
}

export const KINDS: readonly { kind: Kind; label: string; hint: string }[] = [
  { kind: 'name', label: 'Program', hint: 'file name, such as python3.11' },
  { kind: 'pid', label: 'Process id', hint: 'such as 4211' },
  { kind: 'user', label: 'User id', hint: 'such as 1000' },
  { kind: 'cgroup', label: 'Control group', hint: 'path, such as /system.slice/agent.service' },
];

export function readRules(value: unknown): Rules {
  const { include, exclude, in_kernel: inKernel } = rec(value);
  const texts = (each: unknown) => list(each).flatMap((rule) => str(rule) ?? []);
  return { include: texts(include), exclude: texts(exclude), inKernel: inKernel === true };
}

export function kindOf(rule: string): Kind {
  const kind = rule.slice(0, rule.indexOf(':'));
  return KINDS.find((each) => each.kind === kind)?.kind ?? 'name';
}

export function valueOf(rule: string): string {
  return rule.startsWith(`${kindOf(rule)}:`) ? rule.slice(rule.indexOf(':') + 1) : rule;
}

/** What is wrong with a new rule; '' where nothing is. The sensor has the last word. */
export function mistake(kind: Kind, value: string, there: readonly string[]): string {
  const text = value.trim();
  if (text === '') return 'Write what the rule is for.';
  if ((kind === 'pid' || kind === 'user') && (!/^\d+$/.test(text) || Number(text) > 0xffff_ffff))
    return `A ${kind === 'pid' ? 'process id' : 'user id'} is a number.`;
  if (kind === 'name' && text.includes('/')) return 'A program is named by its file name, without its folder.';
  if (kind === 'cgroup' && !text.startsWith('/')) return 'The path of a control group begins with /.';
  return there.includes(`${kind}:${text}`) ? 'This rule is there already.' : '';
}

export function withRule(rules: Rules, side: Side, rule: string): Rules {
  return { ...rules, [side]: [...rules[side].filter((each) => each !== rule), rule] };
}

export function withoutRule(rules: Rules, side: Side, rule: string): Rules {
  return { ...rules, [side]: rules[side].filter((each) => each !== rule) };
}

/** A program that was seen, as something to make a rule of. */
export interface Suggestion {
  readonly name: string;
  readonly pids: readonly number[];
  readonly calls: number;
}

/** Programs that were seen and that no rule names yet; those that call most first. */
export function suggestions(processes: Iterable<Process>, rules: Rules, most: number): Suggestion[] {
  const ruled = new Set([...rules.include, ...rules.exclude]);
  const programs = new Map<string, { name: string; pids: number[]; calls: number }>();
  for (const { pid, exe, name, ended, calls } of processes) {
    // Rules compare the name of the program's file.
    const file = exe.split('/').at(-1) || name;
    if (file === '' || ruled.has(`name:${file}`)) continue;
    const program = programs.get(file) ?? { name: file, pids: [], calls: 0 };
    programs.set(file, program);
    program.calls += calls;
    if (ended === undefined && !program.pids.includes(pid)) program.pids.push(pid);
  }
  return [...programs.values()]
    .filter(({ calls, pids }) => calls > 0 || pids.length > 0)
    .sort((a, b) => b.calls - a.calls || b.pids.length - a.pids.length || a.name.localeCompare(b.name))
    .slice(0, most);
}
