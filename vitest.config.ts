import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts'],
    env: { ORT_DISABLE_TELEMETRY: '1' },
    testTimeout: 240_000, // for machines that others use: what hangs must end, what is slow may be
    hookTimeout: 240_000,
    maxWorkers: 2,
  },
});
