import { defineConfig } from 'vitest/config';

/** The tests on the real stack: one after the other, in seconds and minutes of real time. */
export default defineConfig({
  test: {
    include: ['test/real/**/*.test.ts'],
    globalSetup: ['test/real/build-program.ts'],
    reporters: ['tree', './test/real/something-ran.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 60_000,
  },
});
