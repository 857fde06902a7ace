import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // One process and one module graph per worker: loading the program costs more than its tests.
    isolate: false,
    maxWorkers: '100%',
    // Failures and a summary.
    reporters: ['dot'],
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      reporter: ['text-summary', 'text'],
      thresholds: {
        lines: 95,
        branches: 90,
        'src/backup/**': { lines: 100, branches: 100 },
        'src/errors.ts': { lines: 100, branches: 100 },
      },
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: ['test/real/**', 'test/program/**'],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'program',
          include: ['test/program/**/*.test.ts'],
          globalSetup: 'test/program/build.ts',
          // Each test waits for processes of its own.
          sequence: { concurrent: true },
          testTimeout: 60_000,
        },
      },
    ],
  },
});
