import { describe, type TestAPI, test as plainTest } from 'vitest';
import { Cluster } from './cluster.js';
import { type BackupProgram, findBackupPrograms, isAtLeast, missingParts } from './programs.js';
import { Stack } from './stack.js';
import { missingForZooKeeper } from './zookeeper.js';

/** A test with its own stack: new servers without tables and backups. */
export type StackTest = TestAPI<{ stack: Stack }>;

/** A test with its own cluster: new servers without tables and backups. */
export type ClusterTest = TestAPI<{ cluster: Cluster }>;

/**
 * Defines the same tests for every installed clickhouse-backup. If something is missing, they are
 * skipped, and the title shows what is missing. `lacks` returns what a version cannot do.
 */
export function onEachServer(
  title: string,
  define: (test: StackTest) => void,
  lacks: (program: BackupProgram) => string | undefined = () => undefined,
): void {
  describeEach(title, missingParts(), lacks, (program) => define(withStack(program)));
}

/** The same with a cluster for each test. */
export function onEachCluster(title: string, define: (test: ClusterTest) => void): void {
  const missing = [...missingParts(), ...missingForZooKeeper()];
  const lacks = () => undefined;
  describeEach(title, missing, lacks, (program) => define(withCluster(program)));
}

function describeEach(
  title: string,
  missing: readonly string[],
  lacks: (program: BackupProgram) => string | undefined,
  define: (program: BackupProgram | undefined) => void,
): void {
  const programs = missing.length > 0 ? [undefined] : findBackupPrograms();
  for (const program of programs) {
    const lack = program === undefined ? missing.join(', ') : lacks(program);
    const on = program === undefined ? '' : `, clickhouse-backup ${program.version}`;
    const skipped = lack === undefined ? '' : `, skipped: ${lack}`;
    describe.skipIf(lack !== undefined)(`${title}${on}${skipped}`, () => {
      define(program);
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
      await useServers(() => Stack.start(needed(program)), use, onTestFailed);
    },
  });
}

function withCluster(program: BackupProgram | undefined): ClusterTest {
  return plainTest.extend<{ cluster: Cluster }>({
    cluster: async ({ onTestFailed }, use) => {
      await useServers(() => Cluster.start(needed(program)), use, onTestFailed);
    },
  });
}

function needed(program: BackupProgram | undefined): BackupProgram {
  if (program === undefined) throw new Error('a test that is skipped has no servers');
  return program;
}

/** Starts servers for one test and stops them after it; prints their output if it failed. */
async function useServers<T extends { allOutput: () => string; stop: () => Promise<void> }>(
  start: () => Promise<T>,
  use: (servers: T) => Promise<void>,
  onTestFailed: (then: () => void) => void,
): Promise<void> {
  const servers = await start();
  let output = '';
  onTestFailed(() => console.error(output));
  try {
    await use(servers);
  } finally {
    output = servers.allOutput();
    await servers.stop();
  }
}
