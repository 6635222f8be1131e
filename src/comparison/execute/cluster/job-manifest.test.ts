import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { jobManifest } from './job-manifest.js';

const job = { name: 'ple-small-01234567', plan: '/shared/runs/small/jobs/a.json', runs: 12, workingFolder: '/shared' };
const kubernetes = { image: 'ple:0.1', claim: 'work', graceSeconds: 60 };

test('a job has an index for every run, and a pod trains the run of its index on the shared volume', () => {
  const { apiVersion, kind, metadata, spec } = parse(
    jobManifest({ ...job, kubernetes, mount: '/shared', arrayLimit: undefined }),
  );
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
