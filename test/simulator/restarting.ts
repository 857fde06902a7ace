import { type Flags, flagsFromArguments } from './flags.js';
import { refreshMetadataCache } from './metadata-cache.js';
import { startOperation } from './operations.js';
import type { SimulatedServer } from './server.js';

/** How a server restarts. */
export interface Restart {
  /** `gone`: a new process has no rows. `cancel`: SIGHUP, `POST /` and `/restart` cancel all. */
  rows: 'gone' | 'cancel';
  /** What happens to running work; if it stops, the part it has done stays. */
  work: 'stops' | 'goes on';
  /** `complete_resumable_after_restart`; true by default, and only a new process does it. */
  resume?: boolean;
  /** Whether stopped work leaves a backup that is listed as broken; true by default. */
  leavesPartial?: boolean;
}

/** Restarts the server (clickhouse-backup-api.md#restarts; exchange "actions after restart"). */
export function restart(server: SimulatedServer, how: Restart): void {
  server.finishDueWork();
  if (how.work === 'stops') {
    server.stop(() => true);
    for (const backups of [server.local, server.remote]) {
      for (const backup of backups.values()) {
        if (!backup.partial) continue;
        if (how.leavesPartial === false) backups.delete(backup.name);
        else delete backup.partial;
      }
    }
  }
  if (how.rows === 'cancel') {
    const now = server.clock.now();
    for (const row of server.log.rows) server.log.cancel(row, now, 'canceled via API /restart');
    return;
  }
  server.log.rows = [];
  server.process.abort(new Error('the process ended'));
  server.process = new AbortController();
  refreshMetadataCache(server);
  if (how.resume === false) return;
  const names = [...server.local.values()].filter((backup) => backup.uploadState);
  resumeInTurn(server, names.map((backup) => backup.name).sort());
}

/**
 * Uploads the backups one after the other again until one fails
 * (clickhouse-backup-api.md#automatic-resume).
 */
function resumeInTurn(server: SimulatedServer, names: string[], startMs?: number): void {
  const [name, ...rest] = names;
  if (name === undefined || server.isLocked()) return;
  const state = server.local.get(name)?.uploadState;
  if (!state) {
    resumeInTurn(server, rest, startMs);
    return;
  }
  // Up to 2.7.0 the quotes become part of the name, so the base is not found:
  // clickhouse-backup-api.md#automatic-resume.
  const quote = server.profile.resumeQuotesNames ? '"' : '';
  const words = ['upload'];
  if (state.diffFrom) words.push(`--diff-from=${quote}${state.diffFrom}${quote}`);
  if (state.diffFromRemote) {
    words.push(`--diff-from-remote=${quote}${state.diffFromRemote}${quote}`);
  }
  words.push('--resumable=1', name);
  const flags: Flags = flagsFromArguments(words.slice(1), server.profile).flags;
  const job = startOperation(server, {
    operation: 'upload',
    command: words.join(' '),
    name,
    flags,
    ...(startMs === undefined ? {} : { startMs }),
  });
  const upload = job.run.bind(job);
  job.run = (atMs) => {
    const error = upload(atMs);
    if (error !== undefined) return error;
    const resumed = server.local.get(name);
    if (resumed) delete resumed.uploadState;
    // Only after this row has ended, because until then the lock is held.
    job.afterEnd = (endMs) => resumeInTurn(server, rest, endMs);
    return undefined;
  };
}
