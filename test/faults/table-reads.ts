import type { ScenarioHost } from './scenario-host.js';
import type { RunRecord, SentRequest } from './run-record.js';
import { isComplete, type RemoteState } from './remote-state.js';

/** A read of the tables of a remote backup, and the actual state of the backup around that time. */
export interface TableRead {
  name: string;
  atMs: number;
  /**
   * `bad`: the run received what an incomplete backup looks like. `unclear`: the same, but a request that
   * interprets it failed. `none`: the answer shows nothing.
   */
  outcome: 'complete' | 'bad' | 'unclear' | 'none';
  /** The number of parts of each table, if the outcome is `complete`. */
  parts: ReadonlyMap<string, number>;
  /** Whether the backup was complete before and after the read. */
  wasComplete: boolean;
  /** The outage of the storage during the read, as its number on this host. */
  outage: number | undefined;
}

/** An outage of the storage of a host, from one moment to another. */
export interface Outage {
  startMs: number;
  endMs: number;
}

/** True for servers that show whether a backup is complete. */
export function canTell({ setup }: ScenarioHost): boolean {
  return setup.version === '2.7.0' || setup.version === '2.8.1';
}

/** Returns the backup whose tables on the remote storage a request reads. */
export function backupRead(target: string): string | undefined {
  const name = /^\/backup\/tables\/all\?remote_backup=(.*)$/.exec(target)?.[1];
  return name === undefined ? undefined : decodeURIComponent(name);
}

/** Records what the run learned from a request, if that read the tables of a remote backup. */
export function recordTableRead(
  run: RunRecord,
  { path, atMs, status, body = '' }: SentRequest,
  { nowMs, states }: { nowMs: number; states: readonly RemoteState[] },
): void {
  const name = backupRead(path);
  if (name === undefined) {
    const last = run.tableReads.at(-1);
    if (!interprets(path) || last?.outcome !== 'bad' || isReadable(path, status, body)) return;
    const before = run.sent.findLast((sent) => !interprets(sent.path));
    if (before?.path === pathOf(last)) last.outcome = 'unclear';
    return;
  }
  const outage = run.host.outages.findIndex(({ startMs, endMs }) => {
    return startMs <= nowMs && atMs <= endMs;
  });
  run.tableReads.push({
    name,
    atMs,
    ...understand(run.host, status, body),
    wasComplete: states.every((state) => isComplete(state, name)),
    outage: outage === -1 ? undefined : outage,
  });
}

interface TableRow {
  database: string;
  table: string;
  size: string;
  parts: number;
}

const pathOf = ({ name }: TableRead) =>
  `/backup/tables/all?remote_backup=${encodeURIComponent(name)}`;

/** True for requests that find out what an empty answer, or an error, means. */
function interprets(target: string): boolean {
  return /^\/(backup\/(version|tables\/all\?local_backup=.*))?$/.test(target);
}

function isReadable(target: string, status: number | undefined, body: string): boolean {
  // The routes of a development build show how recent it is.
  if (target === '/') return status === 200 && body.includes('/backup/rebase/');
  try {
    for (const line of body.split('\n').filter(Boolean)) JSON.parse(line);
    return status === 200;
  } catch {
    return false;
  }
}

/** Reads an answer independently of the program, whose parser is tested. */
function understand(
  host: ScenarioHost,
  status: number | undefined,
  body: string,
): Pick<TableRead, 'outcome' | 'parts'> {
  const parts = new Map<string, number>();
  const because = (outcome: TableRead['outcome']) => ({ outcome, parts });
  if (!canTell(host)) return because('none');
  if (status === 500) return because(body.includes("' not found on remote") ? 'bad' : 'none');
  if (status !== 200) return because('none');
  try {
    const rows = body
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as TableRow);
    for (const row of rows) {
      parts.set(`${row.database}.${row.table}`, row.parts);
    }
    return because(rows.length > 0 && rows.every(({ size }) => size !== '') ? 'complete' : 'bad');
  } catch {
    return because('none');
  }
}

/**
 * True if these reads of one backup, none of which was good, may have misled the run: only one outage that
 * goes on, or up to three failing reads, must not. A read that shows nothing is a failing one.
 */
export function mayMislead(reads: readonly TableRead[]): boolean {
  if (reads.some((read) => !read.wasComplete || read.outcome === 'unclear')) return true;
  const outages = new Set(reads.flatMap(({ outage }) => outage ?? []));
  const failing = reads.filter(({ outage }) => outage === undefined).length;
  return outages.size > 1 || failing > 3 || (outages.size === 1 && failing > 0);
}

/** Returns the reads of a backup since it was read completely; none if none of them was bad or unclear. */
export function lastBadReads({ tableReads }: RunRecord, name: string): TableRead[] {
  const reads = tableReads.filter((read) => read.name === name);
  const lastGood = reads.findLastIndex(({ outcome }) => outcome === 'complete');
  const since = reads.slice(lastGood + 1);
  return since.some(({ outcome }) => outcome === 'bad' || outcome === 'unclear') ? since : [];
}
