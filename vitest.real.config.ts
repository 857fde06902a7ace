import { defineConfig } from 'vitest/config';

/** The tests on the real stack run one after the other, most in real time: seconds to minutes. */
export default defineConfig({
  test: {
    include: ['test/real/**/*.test.ts'],
    globalSetup: ['test/real/build-program.ts'],
    reporters: ['tree', './test/real/fail-if-all-skipped.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 60_000,
  },
});
