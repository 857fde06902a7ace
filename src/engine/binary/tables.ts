import { enginesWithoutRows, savedEngines, unsavedEngines } from '../../backup/table-engine.js';
import type { TableName } from '../../backup/table-name.js';
import { ApiResponseError } from '../../errors.js';
import type { Table } from '../engine.js';
import { failureOf } from './failure.js';
import { type Program, runProgram } from './run-program.js';
import { bytesOf } from './size.js';

/** A ClickHouse that does not answer is tried again for ever since 2.5.0 (contract §10). */
const limitMs = 2 * 60_000;

/**
 * Finds one table. The program lists the inner table of a materialized view beside its view, and no
 * engines at all; see `rowsOf`.
 */
export async function findTable(program: Program, name: TableName): Promise<Table | undefined> {
  const { database, table } = name;
  const lines = await readTables(program, name);
  const line = lines.find((each) => each.name === `${database}.${table}`);
  if (line === undefined) return undefined;
  const inner = lines.find((each) => each.name.startsWith(`${database}..inner`));
  const isInner = inner?.name === line.name;
  const rows =
    inner === undefined || isInner
      ? await rowsOf(program, name)
      : await rowsOf(program, { database, table: inner.name.slice(database.length + 1) });
  const { bytes: totalBytes } = inner ?? line;
  if (totalBytes === undefined) {
    throw new ApiResponseError(`clickhouse-backup tables gave ${line.name} no size`);
  }
  return { database, name: table, engine: undefined, rows, totalBytes };
}

/**
 * What a backup contains of a table. The program does not show engines, but it leaves out the tables
 * whose engine `skip_table_engines` names, so it is asked again with that setting in its environment.
 * `unknown` for an engine that no list has, or if the configuration forbids settings from the
 * environment (`disable_environment_override`, 2.8.0).
 */
async function rowsOf(program: Program, name: TableName): Promise<Table['rows']> {
  const full = `${name.database}.${name.table}`;
  const groups = {
    saved: savedEngines,
    none: enginesWithoutRows,
    unsaved: unsavedEngines,
  } as const;
  for (const rows of ['saved', 'none', 'unsaved'] as const) {
    const env = { CLICKHOUSE_SKIP_TABLE_ENGINES: groups[rows].join(',') };
    // oxlint-disable-next-line no-await-in-loop
    const lines = await readTables(program, name, env);
    if (!lines.some((line) => line.name === full)) return rows;
  }
  return 'unknown';
}

/**
 * `tables`: `db.table  SIZE  …`, two spaces apart, nothing for no match (§8). `--all` shows those too
 * that `skip_tables` keeps out of backups: they exist. `--tables` takes a pattern, half of it a
 * regular expression, so only a plain name is asked for and the caller compares.
 */
async function readTables(
  program: Program,
  { database, table }: TableName,
  env: Record<string, string> = {},
): Promise<{ name: string; bytes: number | undefined }[]> {
  const pattern = `${database}.${table}`.replaceAll(/[^\w.-]+/g, '*');
  const args = ['tables', '--all', `--tables=${pattern}`];
  const ended = await runProgram(program, { args, env, limitMs, changes: false });
  if (ended.exitCode !== 0) throw failureOf(ended);
  return ended.stdout.text.split(/\r?\n/).flatMap((line) => {
    const [, name, size] = /^(\S.*?) {2,}(\S+)/.exec(line) ?? [];
    return name === undefined || size === undefined ? [] : [{ name, bytes: bytesOf(size) }];
  });
}
