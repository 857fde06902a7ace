import { isSaved, matchesPattern } from './clickhouse-tables.js';
import type { Flags } from './flags.js';
import type { SimulatedServer } from './server.js';
import { type SimulatedBackup, localBackupsToRemove } from './storage.js';

/** Planned work: how long it takes, and what it does at its end. */
export interface Plan {
  ms: number;
  run(atMs: number): string | undefined;
}

/** Plans work that ends with an error, by default at once. */
export const fails = (error: string, ms = 0): Plan => ({ ms, run: () => error });

/** Returns a backup of the matching tables, as they are now. */
export function snapshot(server: SimulatedServer, name: string, atMs: number, pattern = '') {
  const backup: SimulatedBackup = {
    name,
    createdMs: atMs,
    sizeBytes: 0,
    required: '',
    tables: new Map(),
    generations: new Map(),
    definitions: new Map(),
  };
  for (const [table, state] of server.tables) {
    if (state.skip || (pattern !== '' && !matchesPattern(pattern, table))) continue;
    backup.tables.set(table, isSaved(state.engine) ? state.rows : 0);
    const { engine, to } = state;
    backup.definitions?.set(table, { engine, ...(to !== undefined && { to }) });
    backup.generations?.set(table, state.generation);
    backup.sizeBytes += state.totalBytes;
  }
  return backup;
}

/**
 * Returns a local folder without metadata.json, as it is during a create
 * (clickhouse-backup-api.md#descriptions).
 */
function unfinished(server: SimulatedServer, name: string): SimulatedBackup {
  const { description, oldFormat } = server.profile.brokenLocal;
  return {
    name,
    createdMs: server.clock.now(),
    sizeBytes: 0,
    required: '',
    partial: true,
    tables: new Map(),
    ...(oldFormat ? { oldFormat } : { broken: description }),
  };
}

/**
 * Removes backups beyond `backups_to_keep_local`, even running uploads and bases
 * (clickhouse-backup-api.md#local-retention).
 */
export function retainLocal(server: SimulatedServer, after: 'create' | 'upload'): void {
  for (const name of localBackupsToRemove(server.local, server.keepLocal, after)) {
    server.local.delete(name);
  }
}

/** Plans `POST /backup/create` and the command `create`. */
export function planCreate(server: SimulatedServer, name: string, flags: Flags): Plan {
  const { profile, local } = server;
  if (name === '' && profile.emptyNameIsError) return fails('backupName is required');
  const existing = local.get(name);
  if (existing && !existing.partial && profile.createOnExistingName === 'error') {
    return fails(`'${name}' medatata.json already exists`);
  }
  const isEmpty = snapshot(server, name, 0, flags.tables).tables.size === 0;
  if (isEmpty && !server.allowEmptyBackups) {
    return fails('no tables for backup');
  }
  const failure = server.faults.takeFailure('create');
  const half = existing ?? unfinished(server, name);
  local.set(name, half);
  return {
    ms: server.workMs.create,
    run(atMs) {
      if (failure && !failure.madeAnyway) {
        if (!existing) local.delete(name);
        return failure.text;
      }
      if (local.get(name) !== half) return `open ${name}/metadata.json: no such file or directory`;
      const made = snapshot(server, name, atMs, flags.tables);
      made.required = flags.diffFromRemote;
      // An overwritten backup keeps the state of its last upload in the folder
      // (clickhouse-backup-api.md#reused-names).
      if (existing?.uploadState) made.uploadState = existing.uploadState;
      local.set(name, made);
      retainLocal(server, 'create');
      return failure?.text;
    },
  };
}
