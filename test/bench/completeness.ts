import { table } from '../simulator/clickhouse-tables.js';
import { Simulator } from '../simulator/simulator.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { openInProcess } from './in-process.js';

const tableCount = 2000;
const readMs = 5;
const hour = 3_600_000;

/** Measures what reading the tables of backups adds to a diff whose upload takes 1 h. */
export async function measureCompleteness(): Promise<string> {
  const withoutMs = await timeDiff(0);
  const addedMs = (await timeDiff(readMs)) - withoutMs;
  return [
    `Reading the tables of backups, ${tableCount} tables at ${readMs} ms each:`,
    `  added to a diff with 1 h of upload        ${(addedMs / 1000).toFixed(0)} s, ${((addedMs / hour) * 100).toFixed(2)} %   (target 1)`,
    '',
  ].join('\n');
}

/** Returns how long the second diff on a full backup takes, ms of the virtual clock. */
async function timeDiff(tableRead: number): Promise<number> {
  const clock = new VirtualClock();
  const names = Array.from({ length: tableCount }, (_, at) => `shop.table_${at}`);
  const simulator = new Simulator({
    version: '2.8.1',
    clock: clock.server,
    username: 'u',
    password: 'p',
    workMs: { upload: hour, tableRead },
    tables: new Map(names.map((name) => [name, table()])),
  });
  const program = await openInProcess(simulator, clock);
  try {
    await program.run('create-full');
    await program.run('create-diff');
    const startMs = clock.elapsed();
    await program.run('create-diff');
    return clock.elapsed() - startMs;
  } finally {
    await program.close();
  }
}
