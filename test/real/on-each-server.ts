import { describe, type TestAPI, test as plainTest } from 'vitest';
import { type BackupProgram, findBackupPrograms, isAtLeast, missingParts } from './programs.js';
import { Stack } from './stack.js';

/** A test with its own stack: new servers without tables and backups. */
export type StackTest = TestAPI<{ stack: Stack }>;

/**
 * Defines the same tests for every installed clickhouse-backup. If something is missing, they are
 * skipped, and the title shows what is missing. `lacks` returns what a version cannot do.
 */
export function onEachServer(
  title: string,
  define: (test: StackTest) => void,
  lacks: (program: BackupProgram) => string | undefined = () => undefined,
): void {
  const missing = missingParts();
  const programs = missing.length > 0 ? [undefined] : findBackupPrograms();
  for (const program of programs) {
    const lack = program === undefined ? missing.join(', ') : lacks(program);
    const on = program === undefined ? '' : `, clickhouse-backup ${program.version}`;
    const skipped = lack === undefined ? '' : `, skipped: ${lack}`;
    describe.skipIf(lack !== undefined)(`${title}${on}${skipped}`, () => {
      define(withStack(program));
    });
  }
}

/** For tests of servers that show whether the tables of a remote backup are complete. */
export function lacksTables(program: BackupProgram): string | undefined {
  return isAtLeast(program, 2, 7, 0) ? undefined : 'it does not show the tables of a backup';
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
