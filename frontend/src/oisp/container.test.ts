import { expect, it } from 'vitest';
import { request } from '../calls/testing';
import { containerFacts } from './container';

const id = '0123456789abcdef'.repeat(4);

function facts(process: object, attrs: object) {
  return containerFacts(request(1, {}, { process: { pid: 1, ...process }, attrs }));
}

it('names the container, its image and its pod', () => {
  const attrs = {
    'container.name': 'agent',
    'container.runtime': 'containerd',
    'container.image.name': 'registry.example/agent:1',
    'k8s.namespace.name': 'team',
    'k8s.pod.name': 'agent-0',
  };
  expect(facts({ container_id: id, cgroup: '/kubepods/x' }, attrs)).toEqual([
    ['Container', 'agent · 0123456789ab · containerd'],
    ['Image', 'registry.example/agent:1'],
    ['Pod', 'team / agent-0'],
  ]);
});

it('shows what is known, and a container without an id by its name once', () => {
  expect(facts({ container_id: id }, {})[0]).toEqual(['Container', '0123456789ab']);
  const lxc = { 'container.name': 'web', 'container.runtime': 'lxc' };
  expect(facts({ container_id: 'web' }, lxc)[0]).toEqual(['Container', 'web · lxc']);
});

it('shows the control group of what is in no container', () => {
  expect(facts({ cgroup: '/user.slice' }, {})).toEqual([['Control group', '/user.slice']]);
});
