import type { RestoreRequest } from '../client.js';
import type { Operation } from './operation.js';

/**
 * The request that restores one table. Flags count by presence, whatever their value (§2, §7):
 * what is not wanted must not be there. Neither `schema` nor `data` means both; `rm` is never sent.
 */
export function restoreOperation(request: RestoreRequest): Operation {
  const { backup } = request;
  const shared = { backup, repeatable: true, byStatus: false };
  if (request.checkReplicas) {
    const row = restoreRow(request);
    return {
      ...shared,
      path: `/backup/restore/${encodeURIComponent(backup)}?${restoreQuery(request)}`,
      // Another client may restore another table of the same backup; a server set to resume says so.
      isOurs: (command) => command.replace(/ --resum(?:e|able)(?= )/g, '') === row,
    };
  }
  const sent = restoreCommand(request, shellWord(backup));
  return {
    ...shared,
    path: '/backup/actions',
    body: JSON.stringify({ command: sent }),
    // In the row the command line stands as it was sent, on some versions without quotes (§2).
    isOurs: (command) => command === sent || command === restoreCommand(request, backup),
  };
}

/** How the action log shows what `restoreQuery` asks for (§2, recordings). */
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

/** The same through `/backup/actions`, which alone takes settings for one call (§7). */
function restoreCommand({ table, into, what }: RestoreRequest, name: string): string {
  return [
    'restore --env=CLICKHOUSE_CHECK_REPLICAS_BEFORE_ATTACH=false',
    ...(what === 'data' ? ['--data'] : []),
    `--tables=${table.database}.${table.table}`,
    ...mappings(table, into).map(([flag, from, to]) => `--restore-${flag}-mapping=${from}:${to}`),
    name,
  ].join(' ');
}

/** One word for the server's shell-like split; the name itself stays whole, to be found in the log. */
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
