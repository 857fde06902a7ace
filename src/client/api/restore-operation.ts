import type { RestoreRequest } from '../client.js';
import type { Operation } from './operation.js';

/**
 * Returns the request that restores one table. A flag is set by being present, even as `rm=false`
 * (clickhouse-backup-api.md#flags). With neither `schema` nor `data` the server restores both; `rm`,
 * which drops databases, is never sent.
 */
export function restoreOperation(request: RestoreRequest): Operation {
  const { backup } = request;
  const shared = { backup, repeatable: true, byStatus: false };
  if (request.checkReplicas) {
    const row = restoreRow(request);
    return {
      ...shared,
      path: `/backup/restore/${encodeURIComponent(backup)}?${restoreQuery(request)}`,
      // The whole command is compared, because another client may restore another table of the backup.
      // `--resume` depends on the server's configuration.
      isOurs: (command) => command.replace(/ --resum(?:e|able)(?= )/g, '') === row,
    };
  }
  const sent = restoreCommand(request, shellWord(backup));
  return {
    ...shared,
    path: '/backup/actions',
    body: JSON.stringify({ command: sent }),
    // The row shows the command as it was sent, in some versions without its quotes
    // (clickhouse-backup-api.md#posted-commands).
    isOurs: (command) => command === sent || command === restoreCommand(request, backup),
  };
}

/** Returns the command of the row for `restoreQuery` (clickhouse-backup-api.md#row-commands). */
function restoreRow({ backup, table, into, what }: RestoreRequest): string {
  return [
    `restore --tables="${table.database}.${table.table}"`,
    ...mappings(table, into).map(([flag, from, to]) => `--restore-${flag}-mapping="${from}:${to}"`),
    ...(what === 'data' ? ['--data'] : []),
    backup,
  ].join(' ');
}

function restoreQuery({ table, into, what }: RestoreRequest): string {
  const query = [`table=${encodeURIComponent(`${table.database}.${table.table}`)}`];
  for (const [flag, from, to] of mappings(table, into)) {
    query.push(`restore_${flag}_mapping=${encodeURIComponent(`${from}:${to}`)}`);
  }
  if (what === 'data') query.push('data=true');
  return query.join('&');
}

/**
 * Returns the command for `/backup/actions`, which is the only call that takes settings for one
 * operation (clickhouse-backup-api.md#replica-check).
 */
function restoreCommand({ table, into, what }: RestoreRequest, name: string): string {
  return [
    'restore --env=CLICKHOUSE_CHECK_REPLICAS_BEFORE_ATTACH=false',
    ...(what === 'data' ? ['--data'] : []),
    `--tables=${table.database}.${table.table}`,
    ...mappings(table, into).map(([flag, from, to]) => `--restore-${flag}-mapping=${from}:${to}`),
    name,
  ].join(' ');
}

/** Quotes a name as one word of a command line. The name itself is unchanged, to be found in the log. */
function shellWord(name: string): string {
  if (!/[^\w.:+=@%~-]/.test(name)) return name;
  return name.includes("'") ? `"${name.replaceAll('"', '\\"')}"` : `'${name}'`;
}

function mappings(
  from: RestoreRequest['table'],
  into: RestoreRequest['into'],
): ['database' | 'table', string, string][] {
  if (into === undefined) return [];
  const found: ['database' | 'table', string, string][] = [];
  if (into.database !== from.database) found.push(['database', from.database, into.database]);
  if (into.table !== from.table) found.push(['table', from.table, into.table]);
  return found;
}
