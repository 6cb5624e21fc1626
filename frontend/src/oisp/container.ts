// The container and the pod that a process runs in, for people.

import { rec, str, type OispEvent } from './event';

/** Names and values; of a process in no container its control group. */
export function containerFacts(event: OispEvent): [name: string, value: string | undefined][] {
  const process = rec(event.raw.process);
  const attrs = rec(event.raw.attrs);
  const id = str(process.container_id);
  if (id === undefined) return [['Control group', str(process.cgroup)]];
  const name = str(attrs['container.name']);
  const own = [name, name === id ? undefined : short(id), str(attrs['container.runtime'])];
  const pod = [str(attrs['k8s.namespace.name']), str(attrs['k8s.pod.name']) ?? str(attrs['k8s.pod.uid'])];
  return [
    ['Container', own.filter(Boolean).join(' · ')],
    ['Image', str(attrs['container.image.name'])],
    ['Pod', pod.filter(Boolean).join(' / ')],
  ];
}

/** As container tools show ids. */
function short(id: string): string {
  return /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id;
}
