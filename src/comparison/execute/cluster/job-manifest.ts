import { stringify } from 'yaml';
import type { Execute } from '../../../config/execute.js';

interface IndexedJob extends Pick<Execute, 'arrayLimit'> {
  readonly name: string;
  /** The absolute path of the plan, and how many runs it has. */
  readonly plan: string;
  readonly runs: number;
  /** Where the config's relative paths start. */
  readonly workingFolder: string;
  readonly kubernetes: NonNullable<Execute['kubernetes']>;
  /** Absolute: where the volume is mounted. */
  readonly mount: string;
}

/** How often a run may fail by a signal or by exit code 1. */
const mostFailures = 3;

/**
 * The manifest of an Indexed Job (batch/v1), for kubectl. The pod of index N trains run N. A pod that is evicted writes a
 * checkpoint within the grace period and is replaced, which counts as no failure. A wrong config or other data (exit codes 2
 * and 3) fail the index at once.
 */
export function jobManifest({ name, plan, runs, workingFolder, kubernetes, mount, arrayLimit = runs }: IndexedJob) {
  const { image, claim, namespace, cpu, memory, gpus, graceSeconds } = kubernetes;
  const resources = {
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
    ...(gpus === undefined ? {} : { 'nvidia.com/gpu': gpus }),
  };
  const threads = Number.isInteger(Number(cpu)) ? ['--threads', String(cpu)] : [];
  const container = {
    name: 'ple',
    image,
    command: ['ple', 'run', '--plan', plan, ...threads],
    workingDir: workingFolder,
    resources: { requests: resources, limits: resources },
    volumeMounts: [{ name: 'shared', mountPath: mount }],
  };
  const manifest = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), labels: { app: 'ple' } },
    spec: {
      completionMode: 'Indexed',
      completions: runs,
      parallelism: Math.min(runs, arrayLimit),
      backoffLimitPerIndex: mostFailures,
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          { action: 'Ignore', onExitCodes: { containerName: 'ple', operator: 'In', values: [130] } },
          { action: 'FailIndex', onExitCodes: { containerName: 'ple', operator: 'In', values: [2, 3] } },
        ],
      },
      template: {
        metadata: { labels: { app: 'ple' } },
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: graceSeconds,
          containers: [container],
          volumes: [{ name: 'shared', persistentVolumeClaim: { claimName: claim } }],
        },
      },
    },
  };
  return stringify(manifest, { aliasDuplicateObjects: false });
}
