import * as z from 'zod/mini';
import type { Location } from '../../backup/backup.js';
import { UnreachableError } from '../../errors.js';
import { type HttpAnswer, TransportError } from '../../http/transport.js';
import type { Capabilities, TablesOfBackup } from '../client.js';
import { serverErrorCode } from '../server-errors.js';
import { since } from '../versions.js';
import type { ApiConnection } from './connection.js';
import { isFromServer } from './error-response.js';
import { backupTableRow, tableRow } from './schemas.js';

/**
 * The size limit of the response: the metadata of 100,000 tables. Only a server that shows the definitions
 * of all its tables instead (up to 2.4) sends more.
 */
const largestBytes = 16 * 1024 * 1024;

const row = z.union([backupTableRow, tableRow]);

const unsupported: TablesOfBackup = {
  kind: 'unsupported',
  reason: `clickhouse-backup before ${since.tableMetadata} does not show which backups are complete`,
};

/**
 * Reads the tables of a backup. Takes no lock and adds no row; the server reads the metadata of one table
 * after the other. Uses `/all`, because the other path leaves out tables that `skip_tables` excludes by
 * now. Whether the server can tell is decided by its answer: earlier versions have rows of another shape.
 * An error or an empty answer has no shape, so the version decides
 * (clickhouse-backup-api.md#tables-of-a-backup).
 */
export async function readTablesOfBackup(
  connection: ApiConnection,
  capabilities: () => Promise<Capabilities>,
  { location, name, limitMs }: { location: Location; name: string; limitMs: number },
): Promise<TablesOfBackup> {
  const { responses } = connection;
  const path = `/backup/tables/all?${location}_backup=${encodeURIComponent(name)}`;
  const answer = await ask(connection, path, limitMs);
  if (answer === 'too large') {
    const reason = `the response about its tables is larger than ${largestBytes / 2 ** 20} MiB`;
    return { kind: 'unsupported', reason };
  }
  if (answer.status === 500 && isFromServer(answer)) {
    const reason = responses.errorText(answer);
    const code = serverErrorCode(reason);
    if (code === 'no-table-metadata') return { kind: 'unsupported', reason };
    if (!(await capabilities()).tableMetadata) return unsupported;
    return { kind: code === 'not-found' ? 'not-found' : 'failed', reason };
  }
  const tables = [];
  for (const read of responses.rows(path, answer, row)) {
    if (!('table' in read)) return unsupported;
    const { database, table, size, parts } = read;
    tables.push({ database, name: table, parts, isReadable: size !== '' });
  }
  if (tables.length === 0 && !(await capabilities()).tableMetadata) return unsupported;
  return { kind: 'read', tables };
}

/** Throws `OperationTimeoutError` if the server is silent: reading again would take as long. */
async function ask(
  connection: ApiConnection,
  path: string,
  limitMs: number,
): Promise<HttpAnswer | 'too large'> {
  try {
    return await connection.get(path, limitMs, { largestBytes, notWhenSilent: true });
  } catch (error) {
    const cause = error instanceof UnreachableError ? error.cause : undefined;
    if (cause instanceof TransportError && cause.details.tooLarge === true) return 'too large';
    throw error;
  }
}
