import type { Call } from './call.js';
import { innerTablesOf, matchesPattern, tableLine } from './clickhouse-tables.js';
import { type Answer, failure, json, lines } from './replies.js';
import { refreshMetadataCache } from './metadata-cache.js';
import type { SimulatedServer } from './server.js';
import { inListOrder, listLine, type SimulatedBackup } from './storage.js';
import { answerLocalTables, answerRemoteTables } from './tables-of-backups.js';

export const answerVersion = ({ server }: Call): Answer =>
  json(200, { version: server.profile.versionText });

export const answerHealth = (): Answer => json(200, { status: 'OK' });

export const answerMetrics = ({ server }: Call): Answer => server.metrics.answer();

/**
 * Answers the row with the given id (if rows have ids), or else the row that started last
 * (clickhouse-backup-api.md#status).
 */
export function answerStatus({ server, query }: Call): Answer {
  const id = query.get('operationid');
  const rows =
    id !== null && server.profile.operationIds
      ? server.log.rows.filter((row) => row.operationId === id)
      : server.log.rows.slice(-1);
  return lines(
    200,
    rows.map((row) => server.log.line(row)),
  );
}

export function answerActions({ server, query }: Call): Answer {
  const last = query.get('last') ?? '';
  if (last !== '' && (!/^[+-]?\d+$/.test(last) || Math.abs(Number(last)) > 32_767)) {
    return failure(500, 'actions', `strconv.ParseInt: parsing "${last}": invalid syntax`);
  }
  const rows = server.log.query(query.get('filter') ?? '', Number(last));
  return lines(
    200,
    rows.map((row) => server.log.line(row)),
  );
}

/** Returns the lines of a list, and counts it for uploads that appear late. */
function listed(server: SimulatedServer, where: string): string[] {
  const { profile, utcOffsetMinutes, faults } = server;
  const found: string[] = [];
  if (where === '' || where === 'local') {
    for (const backup of inListOrder('local', server.local.values())) {
      found.push(listLine(backup, 'local', profile, utcOffsetMinutes));
    }
  }
  if (where === '' || where === 'remote') refreshMetadataCache(server);
  // A storage that is down looks empty (clickhouse-backup-api.md#empty-list).
  const isReached = server.hasRemoteStorage && !faults.storageDown;
  if ((where === '' || where === 'remote') && isReached) {
    // A server that did not see a backup's deletion lists it where it was.
    const uploadedMs = (backup: SimulatedBackup) =>
      server.metadataCache.get(backup.name)?.uploadedMs ?? backup.uploadedMs ?? 0;
    for (const backup of inListOrder('remote', server.remote.values(), uploadedMs)) {
      if (backup.hiddenForLists) backup.hiddenForLists--;
      else found.push(listLine(backup, 'remote', profile, utcOffsetMinutes));
    }
  }
  return found;
}

/**
 * Answers `GET /backup/list[/where]`, which has a row in the log
 * (clickhouse-backup-api.md#list-lock).
 */
export async function answerList(call: Call): Promise<Answer> {
  const { server } = call;
  const where = call.parameters[0] ?? '';
  let found: string[] = [];
  const known = ['', 'local', 'remote'].includes(where);
  const job = server.start({
    operation: 'list',
    command: where === '' ? 'list' : `list ${where}`,
    ms: known && server.clickHouseError === undefined ? server.workMs.list : 0,
    isBlocked: () => server.isHanging || (known && where !== 'local' && server.faults.listsHang),
    run() {
      found = listed(server, where);
      return undefined;
    },
  });
  const error = known ? server.clickHouseError : undefined;
  await server.finish(job, call.connection);
  return error === undefined ? lines(200, found) : failure(500, 'list', error);
}

/** Answers `GET /backup/tables?table=` (exchange "tables"). */
export function answerTables(call: Call): Promise<Answer> {
  return answerTablesOf(call, false);
}

/** Answers `GET /backup/tables/all`, which includes the tables that `skip_tables` excludes. */
export function answerAllTables(call: Call): Promise<Answer> {
  return answerTablesOf(call, true);
}

/** Returns a parameter, which may be spelled with dashes. */
function parameter({ query }: Call, name: string): string | null {
  return query.get(name) ?? query.get(name.replaceAll('_', '-'));
}

async function answerTablesOf(call: Call, showsSkipped: boolean): Promise<Answer> {
  const { server } = call;
  const { tablesOfBackups } = server.profile;
  while (server.isHanging) await server.clock.sleep(1000, call.connection);
  const error = server.clickHouseError;
  if (error !== undefined) return failure(500, 'tables', error);
  const pattern = call.query.get('table') ?? '';
  const localName = parameter(call, 'local_backup');
  const remoteName = parameter(call, 'remote_backup');
  if (localName !== null && tablesOfBackups === 'sizes') {
    return answerLocalTables(server, { name: localName, pattern, showsSkipped });
  }
  if (remoteName !== null && tablesOfBackups !== 'ignored') {
    const asked = { name: remoteName, pattern, showsSkipped };
    return answerRemoteTables(server, asked, call.connection);
  }
  const { tables } = server;
  const matching = [...tables.keys()].filter(
    (name) => pattern === '' || matchesPattern(pattern, name),
  );
  const inner = innerTablesOf(matching, (name) => tables.get(name));
  const shown = [...inner, ...matching.sort()].flatMap((name) => {
    const found = tables.get(name);
    return found !== undefined && (showsSkipped || !found.skip) ? [tableLine(name, found)] : [];
  });
  return lines(200, shown);
}
