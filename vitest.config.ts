import { defineConfig } from 'vitest/config';

/** Each has its own process. Three replace modules. One leaves a tfjs backend behind. Two compute for long in plain JavaScript, and earlier tests in a process slow them. */
const alone = [
  'comparison/execute/local-processes',
  'engine/run/step-program',
  'engine/tfjs/backends',
  'support/lock',
  'training/parity/models',
  'training/trainer',
].flatMap((name) => [`src/${name}.test.ts`, `src/${name}.slow.test.ts`]);
const all = 'src/**/*.test.ts';
const slow = 'src/**/*.slow.test.ts';

// The other files of a suite share a process, with what they import: they leave nothing behind in it.
export default defineConfig({
  test: {
    env: { ORT_DISABLE_TELEMETRY: '1' },
    testTimeout: 240_000, // for machines that others use: what hangs must end, what is slow may be
    hookTimeout: 240_000,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          include: [all],
          exclude: [slow, ...alone],
          isolate: false,
          setupFiles: ['src/comparison/execute/worker-here.fixture.ts'],
        },
      },
      { extends: true, test: { name: 'fast-alone', include: alone, exclude: [slow] } },
      { extends: true, test: { name: 'slow', include: [slow], exclude: alone, isolate: false } },
      { extends: true, test: { name: 'slow-alone', include: alone.filter((name) => name.includes('.slow.')) } },
    ],
  },
});
