// The sensor's counters, grouped by the part of the sensor that counts.

import { num, rec, type Rec } from '../oisp/event';

export interface Figure {
  /** The whole name, as in the report. */
  readonly name: string;
  /** The name within its group. */
  readonly short: string;
  readonly value: number;
  /** Counts something that should not happen, and it did. */
  readonly bad: boolean;
}

export interface FigureGroup {
  readonly name: string;
  readonly figures: readonly Figure[];
}

export interface Health {
  readonly groups: readonly FigureGroup[];
  /** All that is no counter. */
  readonly others: Rec;
}

/** Counters without a dot are the capture's own. */
const UNDOTTED = 'capture';

/** The report, or null where it has no counters. */
export function readHealth(value: unknown): Health | null {
  const { counters, ...others } = rec(value);
  const entries = Object.entries(rec(counters));
  if (entries.length === 0) return null;
  const odd = entries.filter(([, each]) => num(each) === undefined);
  return {
    groups: grouped(entries.flatMap(([name, each]) => figure(name, num(each)))),
    others: odd.length === 0 ? others : { ...others, counters: Object.fromEntries(odd) },
  };
}

function figure(name: string, value: number | undefined): (Figure & { group: string })[] {
  if (value === undefined) return [];
  const dot = name.indexOf('.');
  const group = dot <= 0 ? UNDOTTED : name.slice(0, dot);
  const short = dot <= 0 ? name : name.slice(dot + 1);
  return [{ name, short: short.replaceAll('.', ' '), value, bad: value > 0 && isLoss(name), group }];
}

function grouped(figures: readonly (Figure & { group: string })[]): FigureGroup[] {
  const groups = new Map<string, Figure[]>();
  for (const { group, ...each } of figures) groups.set(group, [...(groups.get(group) ?? []), each]);
  return [...groups].map(([name, each]) => ({ name, figures: each })).sort((a, b) => rank(a) - rank(b));
}

/** In the order that the data takes; others after them. */
function rank({ name }: FigureGroup): number {
  const at = [UNDOTTED, 'decode', 'pipeline'].indexOf(name);
  return at < 0 ? 3 : at;
}

/** What a filter lets go is what the user asked for. */
function isLoss(name: string): boolean {
  return /(dropped|lost|gaps?|failures?|errors?)(_|\.|$)/.test(name) && !/(filtered|sampled)$/.test(name);
}
