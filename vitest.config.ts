import { defineConfig } from 'vitest/config';

// These have a process each: three replace modules (vi.mock), one leaves a backend with tfjs, two compute for long in plain JavaScript, which what ran before in a process slows.
// The others leave nothing behind in a process: they share one, with what they import.
const alone = [
  'comparison/execute/local-processes',
  'engine/run/step-program',
  'engine/tfjs/backends',
  'training/lock',
  'training/parity/models',
  'training/trainer',
].map((name) => `src/${name}.test.ts`);

export default defineConfig({
  test: {
    env: { ORT_DISABLE_TELEMETRY: '1' },
    testTimeout: 240_000, // for machines that others use: what hangs must end, what is slow may be
    hookTimeout: 240_000,
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'together', include: ['src/**/*.test.ts'], exclude: alone, isolate: false } },
      { extends: true, test: { name: 'alone', include: alone } },
    ],
  },
});
