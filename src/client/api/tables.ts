import type * as z from 'zod/mini';
import { rowsInBackup } from '../../backup/table-engine.js';
import { type TableName, tablePattern } from '../../backup/table-name.js';
import type { Table } from '../client.js';
import { slowMs } from '../limits.js';
import type { ApiConnection } from './connection.js';
import { materializedViewTarget } from './materialized-view.js';
import { tableRow } from './schemas.js';

type TableRow = z.output<typeof tableRow>;

/** The limits for reading all tables, which is only needed for a note. */
const allTablesMs = 2 * 60_000;
const allTablesBytes = 8 * 1024 * 1024;

/** Returns all tables that backups cover, including the inner tables of views. */
export async function readTables(client: ApiConnection): Promise<Table[]> {
  const rows = await client.getRows('/backup/tables', allTablesMs, tableRow, {
    largestBytes: allTablesBytes,
  });
  return rows.filter((row) => !row.Skip).map((row) => toTable(row));
}

/**
 * Finds one table, even if `skip_tables` excludes it from backups (`/all`). A table whose engine is
 * in `skip_table_engines` is not found, because no request shows it (clickhouse-backup-api.md#tables).
 * Requests only the matching tables, because the definitions of thousands of wide tables may not fit
 * into memory.
 */
export async function findTable(
  client: ApiConnection,
  name: TableName,
): Promise<Table | undefined> {
  const rows = await readMatching(client, name);
  const row = findRow(rows, name);
  if (row === undefined) return undefined;
  if (row.Engine !== 'MaterializedView') return toTable(row);
  const target = materializedViewTarget(row.CreateTableQuery, row.Database);
  if (target !== undefined) return { ...toTable(row), totalBytes: 0, writesTo: target };
  const inner = await findInner(client, row, rows);
  if (inner === undefined) return toTable(row, 'unknown');
  return toTable({ ...row, TotalBytes: inner.TotalBytes }, rowsInBackup(inner.Engine));
}

/** Finds a view's inner table, which is usually listed with it (clickhouse-backup-api.md#tables). */
async function findInner(
  client: ApiConnection,
  view: TableRow,
  rows: readonly TableRow[],
): Promise<TableRow | undefined> {
  const { Database: database, Name, UUID } = view;
  const byName = { database, table: `.inner.${Name}` };
  const byId = { database, table: `.inner_id.${UUID}` };
  const listed = findRow(rows, byId) ?? findRow(rows, byName);
  if (listed !== undefined) return listed;
  const name = UUID === '' ? byName : byId;
  return findRow(await readMatching(client, name), name);
}

function findRow(rows: readonly TableRow[], { database, table }: TableName): TableRow | undefined {
  return rows.find((row) => row.Database === database && row.Name === table);
}

async function readMatching(client: ApiConnection, name: TableName) {
  const path = `/backup/tables/all?table=${encodeURIComponent(tablePattern(name))}`;
  return client.getRows(path, slowMs, tableRow);
}

function toTable(row: TableRow, rows: Table['rows'] = rowsOf(row)): Table {
  const { Database: database, Name: name, Engine: engine, TotalBytes: totalBytes } = row;
  return { database, name, engine, rows, totalBytes };
}

/** Returns `unsaved` for a Distributed table with unsent rows: they are lost if it is dropped. */
function rowsOf({ Engine, TotalBytes }: TableRow): Table['rows'] {
  return Engine === 'Distributed' && TotalBytes > 0 ? 'unsaved' : rowsInBackup(Engine);
}
