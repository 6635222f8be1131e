import { defineConfig } from 'vitest/config';

const tests = (folder: string) => `src/${folder}/**/*.test.ts`;
// Their tests leave nothing behind in a process: files share one, with what they import. The others have one for each file.
const sharing = ['config', 'data', 'metrics', 'models', 'objective', 'optimizers', 'report', 'support'].map(tests);

export default defineConfig({
  test: {
    env: { ORT_DISABLE_TELEMETRY: '1' },
    testTimeout: 240_000, // for machines that others use: what hangs must end, what is slow may be
    hookTimeout: 240_000,
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'parts', include: sharing, isolate: false } },
      { extends: true, test: { name: 'whole', include: ['src/**/*.test.ts'], exclude: sharing } },
    ],
  },
});
