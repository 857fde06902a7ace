import type { TableName } from '../../backup/table-name.js';
import { ApiResponseError } from '../../errors.js';
import type { Table } from '../engine.js';
import { failureOf } from './failure.js';
import { type Program, runProgram } from './run-program.js';
import { bytesOf } from './size.js';

/** A ClickHouse that does not answer is tried again for ever since 2.5.0 (contract §10). */
const limitMs = 2 * 60_000;

/**
 * Looks a table up with `tables`: `db.table  SIZE  …`, two spaces apart, nothing for no match (§8).
 * `--all` shows those too that `skip_tables` keeps out of backups: they exist. `--tables` takes
 * a pattern, half of it a regular expression, so only a plain name is asked for and the answer
 * is compared.
 */
export async function findTable(program: Program, name: TableName): Promise<Table | undefined> {
  const full = `${name.database}.${name.table}`;
  const filter = /^[\w.-]+$/.test(full) ? [`--tables=${full}`] : [];
  const args = ['tables', '--all', ...filter];
  const ended = await runProgram(program, { args, limitMs, changes: false });
  if (ended.exitCode !== 0) throw failureOf(ended);
  const line = ended.stdout.text.split(/\r?\n/).find((each) => each.startsWith(`${full}  `));
  if (line === undefined) return undefined;
  const totalBytes = bytesOf(/^ +(\S+)/.exec(line.slice(full.length))?.[1] ?? '');
  if (totalBytes === undefined) {
    throw new ApiResponseError(`clickhouse-backup ${ended.command} gave ${full} no size`);
  }
  return { database: name.database, name: name.table, engine: '', totalBytes };
}
