import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts'],
    env: { ORT_DISABLE_TELEMETRY: '1' },
    testTimeout: 60_000,
    maxWorkers: 2,
  },
});
