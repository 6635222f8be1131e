import { defineConfig } from 'vitest/config';

/** These have a process each: three replace modules, one leaves a backend with tfjs, two compute for long in plain JavaScript, which what ran before in a process slows. */
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
