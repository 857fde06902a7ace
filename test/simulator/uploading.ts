import { bytesPerRow } from './clickhouse-tables.js';
import { type Plan, fails, retainLocal } from './creating.js';
import type { UploadFlaw } from './faults.js';
import type { Flags } from './flags.js';
import type { SimulatedServer } from './server.js';
import { refreshMetadataCache } from './metadata-cache.js';
import { type SimulatedBackup, brokenRemoteText, remoteBackupsToRemove } from './storage.js';

export const refused =
  "can't connect to remote storage: dial tcp 127.0.0.1:2121: connect: connection refused";

/**
 * Plans the failure of an upload that fails before it sends anything
 * (clickhouse-backup-api.md#refused-uploads).
 */
function findError(server: SimulatedServer, name: string, flags: Flags): Plan | undefined {
  const { profile, local, remote, workMs } = server;
  const { diffFrom, diffFromRemote } = flags;
  const { texts } = profile;
  const refuse = (text: string) => fails(texts.uploadRefused(text));
  if (!server.hasRemoteStorage) {
    return refuse(
      'general->remote_storage shall not be "none" for upload, change you config or use REMOTE_STORAGE environment variable',
    );
  }
  if (diffFrom === name || diffFromRemote === name) {
    return refuse('you cannot upload diff from the same backup');
  }
  if (diffFromRemote !== '' && !server.uploadByPart) {
    return refuse(
      '`--diff-from-remote` require `upload_by_part` equal true in `general` config section',
    );
  }
  if (diffFrom !== '' && diffFromRemote !== '') {
    return refuse('choose setup only `--diff-from-remote` or `--diff-from`, not both');
  }
  const source = local.get(name);
  if (!source) return fails(`can't find local backup: backup '${name}' is not found`);
  if (source.broken !== undefined || source.oldFormat) {
    return fails(
      `b.ReadBackupMetadataLocal return error: open ${name}/metadata.json: no such file or directory`,
    );
  }
  if (server.faults.storageDown) return fails(refused, workMs.upload);
  const base = local.get(diffFrom);
  if (diffFrom !== '' && (!base || base.broken !== undefined || base.oldFormat)) {
    return fails(texts.diffLocalBaseMissing(diffFrom), workMs.upload);
  }
  if (diffFromRemote !== '' && remote.get(diffFromRemote)?.broken !== undefined) {
    return fails(`'${diffFromRemote}' is empty backup`, workMs.upload);
  }
  if (diffFromRemote !== '' && !remote.has(diffFromRemote)) {
    return fails(texts.diffRemoteBaseMissing(diffFromRemote), workMs.upload);
  }
  return undefined;
}

/**
 * Keeps the old rows of refilled tables, as `diff-from-remote` does below 2.7.0
 * (clickhouse-backup-api.md#remote-bases).
 */
function keepOldRows(uploaded: SimulatedBackup, base: SimulatedBackup | undefined): void {
  for (const [table, rows] of base?.tables ?? []) {
    const isRefilled = uploaded.generations?.get(table) !== base?.generations?.get(table);
    if (isRefilled && uploaded.tables.has(table)) uploaded.tables.set(table, rows);
  }
}

/** Returns the size of the rows that the base does not have; undefined if nothing is sent. */
function bytesToSend(
  source: SimulatedBackup,
  base: SimulatedBackup | undefined,
): number | undefined {
  let bytes = 0;
  for (const [table, rows] of source.tables) {
    const isRefilled = source.generations?.get(table) !== base?.generations?.get(table);
    const baseRows = isRefilled ? 0 : (base?.tables.get(table) ?? 0);
    bytes += (rows >= baseRows ? rows - baseRows : rows) * bytesPerRow;
  }
  return bytes || undefined;
}

/** Applies a scripted flaw to the remote storage. */
function applyFlaw(server: SimulatedServer, uploaded: SimulatedBackup, flaw: UploadFlaw): void {
  const { remote } = server;
  const base = remote.get(uploaded.required);
  const others = [...remote.keys()].filter((name) => ![uploaded.name, base?.name].includes(name));
  switch (flaw) {
    case 'broken':
      uploaded.broken = brokenRemoteText;
      break;
    case 'missing':
      remote.delete(uploaded.name);
      break;
    case 'wrong-base':
      uploaded.required = others[0] ?? 'ANOTHER_BASE';
      break;
    case 'no-base':
      uploaded.required = '';
      break;
    case 'incomplete':
      uploaded.incomplete = true;
      break;
    case 'base-broken':
      if (base) base.broken = brokenRemoteText;
      break;
  }
}

function retainRemote(server: SimulatedServer): void {
  const { remote, keepRemote, profile } = server;
  for (const name of remoteBackupsToRemove(remote, keepRemote, profile.remoteRetentionBy)) {
    remote.delete(name);
  }
}

/** Plans `POST /backup/upload`, the command `upload`, and the resume after a restart. */
export function planUpload(server: SimulatedServer, name: string, flags: Flags): Plan {
  const { profile, local, remote, faults } = server;
  const failure = faults.takeFailure('upload');
  const error = findError(server, name, flags);
  const source = local.get(name);
  if (error || !source) return error ?? fails('no backup');

  const { diffFrom, diffFromRemote } = flags;
  const flaw = faults.takeFlaw();
  const before = source.uploadState;
  const isSameUpload =
    profile.reusesStateOfOtherBase ||
    (before?.diffFrom === diffFrom && before.diffFromRemote === diffFromRemote);
  // clickhouse-backup-api.md#incomplete-backups: every file counts as sent, even if the remote copy
  // was deleted.
  const sendsNothing = before?.complete === true && isSameUpload;
  const existed = remote.get(name);
  const state = { diffFrom, diffFromRemote, complete: sendsNothing };
  source.uploadState = state;
  const partial: SimulatedBackup = existed ?? {
    ...source,
    required: '',
    broken: brokenRemoteText,
    partial: true,
    tables: new Map(),
  };
  remote.set(name, partial);
  const removePartial = () => {
    if (!existed && remote.get(name) === partial) remote.delete(name);
  };

  return {
    ms: sendsNothing && existed ? server.workMs.upload / 10 : server.workMs.upload,
    run(atMs) {
      if (faults.storageDown) return refused;
      if (faults.fullStorage) return `can't upload ${name}: 552 Disk full - please upload later`;
      if (failure && !failure.madeAnyway) {
        if (!failure.leavesBroken) removePartial();
        return failure.text;
      }
      if (!local.has(name)) return `open ${name}/metadata.json: no such file or directory`;
      state.complete = true;
      // Uploading over an ok backup changes nothing that a list shows, not even its base
      // (exchanges "upload of a name already on remote" and "list/remote afterwards").
      if (partial.broken !== undefined || remote.get(name) !== partial) {
        const uploaded: SimulatedBackup = {
          ...source,
          uploadedMs: atMs,
          required: diffFrom || diffFromRemote || source.required,
          tables: new Map(source.tables),
        };
        const base = local.get(diffFrom) ?? remote.get(diffFromRemote);
        const sentBytes = bytesToSend(source, base);
        if (base && sentBytes !== undefined) uploaded.sentBytes = sentBytes;
        delete uploaded.uploadState;
        delete uploaded.partial;
        const isCleaned = remote.get(name) !== partial;
        const isIncomplete = sendsNothing && !existed && profile.incompleteWhenRemoteCopyIsMissing;
        if (isCleaned || isIncomplete) uploaded.incomplete = true;
        if (diffFromRemote !== '' && !profile.remoteDiffComparesContents) {
          keepOldRows(uploaded, remote.get(diffFromRemote));
        }
        if (faults.listsThatMissUploads > 0) uploaded.hiddenForLists = faults.listsThatMissUploads;
        remote.set(name, uploaded);
        if (flaw) applyFlaw(server, uploaded, flaw);
      }
      retainRemote(server);
      if (profile.localRetentionAfterUpload) retainLocal(server, 'upload');
      if (flags.deleteSource) local.delete(name);
      refreshMetadataCache(server);
      return failure?.text;
    },
  };
}
