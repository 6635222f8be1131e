import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { jobManifest } from './job-manifest.js';

const job = { name: 'ple-small-01234567', plan: '/shared/runs/small/jobs/a.json', runs: 12, workingFolder: '/shared' };
const kubernetes = { image: 'ple:0.1', claim: 'work', graceSeconds: 60 };
const manifest = (of: object = {}, limit?: number) =>
  parse(jobManifest({ ...job, kubernetes: { ...kubernetes, ...of }, mount: '/shared', arrayLimit: limit }));

test('a job has an index for every run, and a pod trains the run of its index on the shared volume', () => {
  const { apiVersion, kind, metadata, spec } = manifest();
  expect({ apiVersion, kind, name: metadata.name }).toEqual({
    ...{ apiVersion: 'batch/v1', kind: 'Job', name: 'ple-small-01234567' },
  });
  expect(spec).toMatchObject({ completionMode: 'Indexed', completions: 12, parallelism: 12 });
  const { containers, volumes, restartPolicy, terminationGracePeriodSeconds } = spec.template.spec;
  expect([restartPolicy, terminationGracePeriodSeconds]).toEqual(['Never', 60]);
  expect(containers).toMatchObject([
    {
      name: 'ple',
      image: 'ple:0.1',
      command: ['ple', 'run', '--plan', '/shared/runs/small/jobs/a.json'],
      workingDir: '/shared',
      volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
    },
  ]);
  expect(volumes).toEqual([{ name: 'shared', persistentVolumeClaim: { claimName: 'work' } }]);
});

test('a mistake fails its index at once, an eviction counts as no failure, anything else is tried again', () => {
  const { backoffLimitPerIndex, podFailurePolicy } = manifest().spec;
  expect(backoffLimitPerIndex).toBe(3);
  const codes = (values: number[]) => ({ containerName: 'ple', operator: 'In', values });
  expect(podFailurePolicy.rules).toEqual([
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    { action: 'Ignore', onExitCodes: codes([130]) },
    { action: 'FailIndex', onExitCodes: codes([2, 3]) },
  ]);
});

test('resources, a namespace and a limit are those that were asked for', () => {
  const { metadata, spec } = manifest({ cpu: 4, memory: '8Gi', gpus: 1, namespace: 'lab' }, 5);
  const resources = { cpu: 4, memory: '8Gi', 'nvidia.com/gpu': 1 };
  const [container] = spec.template.spec.containers;
  expect(container.resources).toEqual({ requests: resources, limits: resources });
  expect(container.command.slice(-2)).toEqual(['--threads', '4']);
  expect([metadata.namespace, spec.parallelism]).toEqual(['lab', 5]);
  expect(manifest({ cpu: '500m' }).spec.template.spec.containers[0].command).not.toContain('--threads');
});
