import { enginesWithoutRows, savedEngines, unsavedEngines } from '../../backup/table-engine.js';
import { type TableName, tablePattern } from '../../backup/table-name.js';
import { ResponseError } from '../../errors.js';
import type { Table } from '../client.js';
import { failureOf, type Program, runProgram } from './run-program.js';
import { bytesOf } from './list-rows.js';

/** A ClickHouse that does not answer is tried again for ever since 2.5.0 (contract §10). */
const limitMs = 2 * 60_000;

/** No engine has this name: the tables of every engine are listed, whatever the configuration says. */
const everyEngine = 'none';

/**
 * Finds one table. The program lists the inner table of a materialized view beside its view, and no
 * engines at all; see `rowsOf`.
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
      `clickhouse-backup does not show which inner table belongs to ${line.name}`,
      { hint: 'restore this table through the API of clickhouse-backup, without --binary' },
    );
  }
  const { bytes: totalBytes } = inner ?? line;
  if (totalBytes === undefined) {
    throw new ResponseError(`clickhouse-backup tables gave ${line.name} no size`);
  }
  return { database, name: table, engine: undefined, rows, totalBytes };
}

/** The inner table of this view among the lines; undefined if this is not a view that has one. */
function findInner(lines: readonly TableLine[], name: TableName): TableLine | undefined {
  const { database, table } = name;
  const byName = lines.find((line) => line.name === `${database}..inner.${table}`);
  // The name of the other form is an id. Of several views, nothing shows whose it is.
  const isOnlyMatch = tablePattern(name) === `${database}.${table}` && !table.startsWith('.inner');
  return byName ?? (isOnlyMatch ? lines.find((line) => isInnerById(line, name)) : undefined);
}

function isInnerById(line: TableLine, { database }: TableName): boolean {
  return line.name.startsWith(`${database}..inner_id.`);
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
 * `tables`: `db.table  SIZE  …`, two spaces apart, nothing for no match (§8). `--all` shows those too
 * that `skip_tables` keeps out of backups: they exist. `skippedEngines` is what the program leaves
 * out in place of its `skip_table_engines`.
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
