import { enginesWithoutRows, savedEngines, unsavedEngines } from '../../backup/table-engine.js';
import { type TableName, tablePattern } from '../../backup/table-name.js';
import { ResponseError } from '../../errors.js';
import type { Table } from '../client.js';
import { failureOf, type Program, runProgram } from './run-program.js';
import { bytesOf } from './list-rows.js';

/** The program may try to connect forever (clickhouse-backup-api.md#program-without-clickhouse). */
const limitMs = 2 * 60_000;

/** Not the name of an engine: tables of all engines are listed, even if the configuration skips some. */
const everyEngine = 'none';

/**
 * Finds one table. The program lists the inner table of a materialized view with its view, and shows no
 * engines; see `rowsOf`.
 */
export async function findTable(program: Program, name: TableName): Promise<Table | undefined> {
  const { database, table } = name;
  const lines = await readTables(program, name, everyEngine);
  const line = lines.find((each) => each.name === `${database}.${table}`);
  if (line === undefined) return undefined;
  const inner = findInner(lines, name);
  const innerName = inner?.name.slice(database.length + 1) ?? table;
  const rows = await rowsOf(program, { database, table: innerName });
  if (rows === 'none' && inner === undefined && lines.some((each) => isInnerById(each, name))) {
    throw new ResponseError(
      `clickhouse-backup does not show which inner table belongs to view ${line.name}`,
      { hint: 'restore this table through the API of clickhouse-backup, without --binary' },
    );
  }
  const { bytes: totalBytes } = inner ?? line;
  if (totalBytes === undefined) {
    throw new ResponseError(`clickhouse-backup tables shows no size for table ${line.name}`);
  }
  return { database, name: table, engine: undefined, rows, totalBytes };
}

/** Returns the inner table of a view; undefined if this is not a view that has one. */
function findInner(lines: readonly TableLine[], name: TableName): TableLine | undefined {
  const { database, table } = name;
  const byName = lines.find((line) => line.name === `${database}..inner.${table}`);
  // The other form of the name is an id, which does not show its view if several views match.
  const isOnlyMatch = tablePattern(name) === `${database}.${table}` && !table.startsWith('.inner');
  return byName ?? (isOnlyMatch ? lines.find((line) => isInnerById(line, name)) : undefined);
}

function isInnerById(line: TableLine, { database }: TableName): boolean {
  return line.name.startsWith(`${database}..inner_id.`);
}

/**
 * Returns what a backup contains of a table. The program does not show engines, but leaves out the tables
 * whose engines are in `skip_table_engines`, so it is run again with that setting in its environment
 * (clickhouse-backup-api.md#program-tables). Returns `unknown` for an engine in none of the groups, or if
 * the configuration forbids settings from the environment (`disable_environment_override`, 2.8.0).
 */
async function rowsOf(program: Program, name: TableName): Promise<Table['rows']> {
  const full = `${name.database}.${name.table}`;
  const groups = {
    saved: savedEngines,
    none: enginesWithoutRows,
    unsaved: unsavedEngines,
  } as const;
  for (const rows of ['saved', 'none', 'unsaved'] as const) {
    const lines = await readTables(program, name, groups[rows].join(','));
    if (!lines.some((line) => line.name === full)) return rows;
  }
  return 'unknown';
}

interface TableLine {
  name: string;
  bytes: number | undefined;
}

/**
 * Returns the lines of `tables`: `db.table  SIZE  …` (clickhouse-backup-api.md#program-tables). `--all`
 * includes the tables that `skip_tables` excludes from backups. `skippedEngines` replaces the program's
 * `skip_table_engines`.
 */
async function readTables(
  program: Program,
  name: TableName,
  skippedEngines: string,
): Promise<TableLine[]> {
  const args = ['tables', '--all', `--tables=${tablePattern(name)}`];
  const env = { CLICKHOUSE_SKIP_TABLE_ENGINES: skippedEngines };
  const ended = await runProgram(program, { args, env, limitMs, changes: false });
  if (ended.exitCode !== 0) throw failureOf(ended);
  return ended.stdout.text.split(/\r?\n/).flatMap((line) => {
    const [, table, size] = /^(\S.*?) {2,}(\S+)/.exec(line) ?? [];
    return table === undefined || size === undefined ? [] : [{ name: table, bytes: bytesOf(size) }];
  });
}
