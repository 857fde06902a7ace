import type * as z from 'zod/mini';
import { rowsInBackup } from '../../backup/table-engine.js';
import { type TableName, tablePattern } from '../../backup/table-name.js';
import type { Table } from '../client.js';
import { slowMs } from '../limits.js';
import type { ApiConnection } from './connection.js';
import { materializedViewTarget } from './materialized-view.js';
import { tableRow } from './schemas.js';

type TableRow = z.output<typeof tableRow>;

/** How long the definitions of all tables may take, and how much they may be: only for a note. */
const allTablesMs = 2 * 60_000;
const allTablesBytes = 8 * 1024 * 1024;

/** All tables that backups cover, each as it is listed; the inner table of a view is one of them. */
export async function readTables(client: ApiConnection): Promise<Table[]> {
  const rows = await client.getRows('/backup/tables', allTablesMs, tableRow, {
    largestBytes: allTablesBytes,
  });
  return rows.filter((row) => !row.Skip).map((row) => toTable(row));
}

/**
 * Finds one table, even if `skip_tables` excludes it from backups (`/all`). A table whose engine is
 * in `skip_table_engines` is not found, because no request shows it. Only matching tables are
 * requested, because servers with thousands of wide tables return more than fits into memory.
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

/** Servers list the inner table with its view, unless they use ClickHouse's own BACKUP statement. */
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

/** A Distributed table has rows of its own while it has not sent them: dropping it loses its queue. */
function rowsOf({ Engine, TotalBytes }: TableRow): Table['rows'] {
  return Engine === 'Distributed' && TotalBytes > 0 ? 'unsaved' : rowsInBackup(Engine);
}
