// The sensor's counters, a block for each of its parts.

import type { Figure, Health } from '../capture/figures';
import { measure, title } from '../measure';
import { Readable } from '../ui/readable';

export function HealthReport({ health }: { health: Health }) {
  return (
    <>
      <Readable value={health.others} />
      {health.groups.map(({ name, figures }) => (
        <section key={name}>
          <h3>{heading(name)}</h3>
          <dl className="figures">
            {figures.map((figure) => (
              <Line key={figure.name} figure={figure} />
            ))}
          </dl>
        </section>
      ))}
    </>
  );
}

function Line({ figure }: { figure: Figure }) {
  const tone = figure.bad ? 'text-warn' : figure.value === 0 ? 'muted' : '';
  return (
    <div title={`${figure.name}: ${figure.value.toLocaleString('en-US')}`}>
      <dt>{title(figure.short)}</dt>
      <dd className={`figure ${tone}`}>{measure(figure.name, figure.value)}</dd>
    </div>
  );
}

function heading(name: string): string {
  const words = title(name);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
