import { bytesPerRow, matchesPattern, partsOf, splitName } from './clickhouse-tables.js';
import { refreshMetadataCache, tableNames } from './metadata-cache.js';
import { type Answer, failure, lines } from './replies.js';
import type { SimulatedServer } from './server.js';
import { refused } from './uploading.js';

/** A request for the tables of a backup. */
interface Asked {
  name: string;
  pattern: string;
  /** True for `/backup/tables/all`. */
  showsSkipped: boolean;
}

function sizeText(bytes: number): string {
  const units = [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const;
  const unit = units.find(([, unitBytes]) => bytes >= unitBytes);
  return unit ? `${(bytes / unit[1]).toFixed(2)}${unit[0]}` : `${bytes}B`;
}

/** Formats a line of 2.7.0 and later; without `rows`, the table's metadata could not be read. */
function line(table: string, rows: number | undefined, skip: boolean): string {
  const [database, tableName] = splitName(table);
  const bytes = (rows ?? 0) * bytesPerRow;
  return JSON.stringify({
    database,
    table: tableName,
    total_bytes: bytes,
    size: rows === undefined ? '' : sizeText(bytes),
    parts: partsOf(rows ?? 0),
    disks: bytes > 0 ? ['default'] : [],
    skip,
  });
}

/** Formats a line of versions that read only metadata.json, which contains only names. */
function nameLine(table: string, skip: boolean): string {
  const [database, tableName] = splitName(table);
  return JSON.stringify({
    Database: database,
    Name: tableName,
    Engine: '',
    DataPath: '',
    DataPaths: null,
    UUID: '',
    CreateTableQuery: '',
    TotalBytes: 0,
    Skip: skip,
    BackupType: '',
  });
}

const matches = ({ pattern }: Asked, table: string) =>
  pattern === '' || matchesPattern(pattern, table);

/** True if `skip_tables`, as it is now, excludes the table. */
const isSkipped = (server: SimulatedServer, table: string) =>
  server.tables.get(table)?.skip === true;

/** Answers `?local_backup=` (exchanges "tables of a local backup"). */
export function answerLocalTables(server: SimulatedServer, asked: Asked): Answer {
  const backup = server.local.get(asked.name);
  if (!backup) {
    const error = `collectTablesFromLocalBackup getLocalBackup: backup '${asked.name}' is not found`;
    return failure(500, 'tables', error);
  }
  const isBroken = backup.broken !== undefined || backup.oldFormat === true;
  const tables = isBroken ? [] : [...backup.tables].sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = tables.flatMap(([table, rows]) => {
    const skip = isSkipped(server, table);
    if (!matches(asked, table) || (skip && !asked.showsSkipped)) return [];
    return [line(table, server.profile.readsLocalSizes ? rows : undefined, skip)];
  });
  return lines(200, shown);
}

/** Reads one table's metadata; undefined if it cannot be read. */
async function readRows(
  server: SimulatedServer,
  backupName: string,
  table: string,
  connection: AbortSignal,
): Promise<number | undefined> {
  const { tableRead } = server.workMs;
  if (tableRead > 0) await server.clock.sleep(tableRead, connection);
  while (server.faults.listsHang) await server.clock.sleep(1000, connection);
  server.finishDueWork();
  const backup = server.faults.storageDown ? undefined : server.remote.get(backupName);
  if (backup?.incomplete || backup?.incompleteTables?.includes(table)) return undefined;
  return backup?.tables.get(table);
}

/** Answers as 2.5.0–2.6.44, which list the whole storage and read no table's metadata. */
function answerNames(server: SimulatedServer, asked: Asked): Answer {
  refreshMetadataCache(server);
  const names = tableNames(server, asked.name) ?? [];
  const shown = names.flatMap((table) => {
    const skip = isSkipped(server, table) || !matches(asked, table);
    return skip && !asked.showsSkipped ? [] : [nameLine(table, skip)];
  });
  return lines(200, shown);
}

/**
 * Answers `?remote_backup=` (exchanges "tables of a remote backup"). Since 2.7.0, the metadata of
 * one table after the other is read from the remote storage; a table whose metadata cannot be read
 * has an empty size.
 */
export async function answerRemoteTables(
  server: SimulatedServer,
  asked: Asked,
  connection: AbortSignal,
): Promise<Answer> {
  const readsTables = server.profile.tablesOfBackups === 'sizes';
  if (!server.hasRemoteStorage) {
    const what = readsTables ? '`tables --remote-backup`' : 'GetTablesRemote';
    const error = `${what} does not support \`none\` and \`custom\` remote storage`;
    return failure(500, 'tables', error);
  }
  const failed = server.faults.takeTableReadFailure(asked.name);
  if (failed === 'no-answer') await server.clock.sleep(Infinity, connection);
  if (failed === 'error') return failure(500, 'tables', refused);
  if (failed === 'empty-body') return lines(200, []);
  while (server.faults.listsHang) await server.clock.sleep(1000, connection);
  if (!readsTables) return answerNames(server, asked);
  const names = tableNames(server, asked.name);
  if (!names) return failure(500, 'tables', `backup '${asked.name}' not found on remote storage`);
  const shown: string[] = [];
  for (const table of names) {
    if (!matches(asked, table)) continue;
    const rows = await readRows(server, asked.name, table, connection);
    const skip = isSkipped(server, table);
    if (skip && !asked.showsSkipped) continue;
    shown.push(line(table, failed === 'empty-sizes' ? undefined : rows, skip));
  }
  return lines(200, shown);
}
