import { describe, type TestAPI, test as plainTest } from 'vitest';
import { type BackupProgram, findBackupPrograms, missingParts } from './programs.js';
import { Stack } from './stack.js';

/** A test with its own stack: new servers without tables and backups. */
export type StackTest = TestAPI<{ stack: Stack }>;

/**
 * Defines the same tests for every installed clickhouse-backup. If something is missing, they are
 * skipped, and the title shows what is missing.
 */
export function onEachServer(title: string, define: (test: StackTest) => void): void {
  const missing = missingParts();
  const programs = missing.length > 0 ? [undefined] : findBackupPrograms();
  for (const program of programs) {
    const where = program
      ? `clickhouse-backup ${program.version}`
      : `skipped: ${missing.join(', ')}`;
    describe.skipIf(program === undefined)(`${title}, ${where}`, () => {
      define(withStack(program));
    });
  }
}

function withStack(program: BackupProgram | undefined): StackTest {
  return plainTest.extend<{ stack: Stack }>({
    stack: async ({ onTestFailed }, use) => {
      if (program === undefined) throw new Error('a test that is skipped has no stack');
      const stack = await Stack.start(program);
      let output = '';
      onTestFailed(() => console.error(output));
      try {
        await use(stack);
      } finally {
        output = stack.allOutput();
        await stack.stop();
      }
    },
  });
}
