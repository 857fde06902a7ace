import type { SimulatedTable } from './clickhouse-tables.js';
import { noTime, wireTime } from './times.js';
import type { VersionProfile } from './versions.js';

export type Location = 'local' | 'remote';

/**
 * The state of the last upload of a local backup: `upload.state`
 * (clickhouse-backup-api.md#automatic-resume).
 */
export interface UploadState {
  diffFrom: string;
  diffFromRemote: string;
  /** Whether every file was sent, so that a resume sends nothing. */
  complete: boolean;
}

/** A backup at one location. `sizeBytes` is the size of its data. */
export interface SimulatedBackup {
  name: string;
  createdMs: number;
  /** The time of metadata.json on the remote storage, by which remote lists are sorted. */
  uploadedMs?: number;
  sizeBytes: number;
  /** For a remote increment: the data that its upload sent; none if nothing had changed. */
  sentBytes?: number;
  /** The base's name, or empty for a full. */
  required: string;
  /** Shown instead of the usual description. */
  description?: string;
  /** The description of a broken backup. */
  broken?: string;
  /** On 2.4.0, a local folder without metadata.json. */
  oldFormat?: boolean;
  /**
   * Listed as ok, but contains only metadata.json (clickhouse-backup-api.md#incomplete-backups,
   * Altinity/clickhouse-backup issue 1492).
   */
  incomplete?: boolean;
  /** The tables whose metadata is missing on the remote storage, if only some are. */
  incompleteTables?: readonly string[];
  /** A file, not a folder: a delete is refused, or ignored on object storages. */
  plainFile?: 'refused' | 'ignored';
  /** Being created or uploaded by a running operation. */
  partial?: boolean;
  /** The number of remote lists that do not show it yet. */
  hiddenForLists?: number;
  uploadState?: UploadState;
  /** The number of rows of each `db.table`. */
  tables: Map<string, number>;
  /** The generation of each table, by which a refilled one is recognized. */
  generations?: Map<string, number>;
  /** The definition with which each table is recreated. */
  definitions?: Map<string, Pick<SimulatedTable, 'engine' | 'to'>>;
}

/**
 * The description of a remote folder without metadata.json, such as a running upload
 * (clickhouse-backup-api.md#running-uploads).
 */
export const brokenRemoteText = "broken (can't stat metadata.json)";

/** Sorts local backups by creation, remote ones by upload, then by name. */
export function inListOrder(
  location: Location,
  backups: Iterable<SimulatedBackup>,
  uploadedMs = (backup: SimulatedBackup) => backup.uploadedMs ?? 0,
) {
  const time = (backup: SimulatedBackup) =>
    location === 'local' ? backup.createdMs : uploadedMs(backup);
  return [...backups].sort((a, b) => time(a) - time(b) || (a.name < b.name ? -1 : 1));
}

function sizes(backup: SimulatedBackup, location: Location, profile: VersionProfile) {
  if (backup.broken !== undefined || backup.oldFormat) {
    return profile.detailedSizes ? { metadata_size: 0 } : {};
  }
  if (!profile.detailedSizes) return { size: backup.sizeBytes };
  const metadata = location === 'local' ? 1500 : 1854;
  // An increment in which nothing changed has no compressed_size (exchange "list", DIFF_1).
  const isSent = location === 'remote';
  const sentBytes = backup.required === '' ? backup.sizeBytes : backup.sentBytes;
  const compressed = isSent && sentBytes ? Math.round(sentBytes * 1.006) : undefined;
  return {
    size: (compressed ?? backup.sizeBytes) + metadata,
    data_size: backup.sizeBytes || undefined,
    metadata_size: metadata,
    compressed_size: compressed,
  };
}

/** Formats a line of `GET /backup/list` (clickhouse-backup-api.md#list-rows). */
export function listLine(
  backup: SimulatedBackup,
  location: Location,
  profile: VersionProfile,
  utcOffsetMinutes: number,
): string {
  const isBroken = backup.broken !== undefined;
  const created =
    isBroken && location === 'remote'
      ? noTime
      : wireTime(backup.createdMs, profile.createdZone === 'UTC' ? 0 : utcOffsetMinutes);
  const showsRequired = !isBroken && (location === 'remote' || profile.localListShowsRequired);
  const usual = location === 'remote' ? 'tar, regular' : 'regular';
  return JSON.stringify({
    name: backup.name,
    created,
    ...sizes(backup, location, profile),
    location,
    required: showsRequired ? backup.required : '',
    desc: backup.description ?? backup.broken ?? (backup.oldFormat ? 'old-format' : usual),
  });
}

/**
 * Returns the local backups that retention removes: all but the newest of any kind
 * (clickhouse-backup-api.md#local-retention).
 */
export function localBackupsToRemove(
  local: Map<string, SimulatedBackup>,
  keep: number,
  after: 'create' | 'upload',
): string[] {
  if (keep === 0) return [];
  const kept = keep > 0 ? keep : after === 'create' ? 1 : 0;
  const newestFirst = inListOrder('local', local.values()).reverse();
  return newestFirst.slice(kept).map((backup) => backup.name);
}

/** Returns the remote backups with metadata.json, without the newest ones and their chains. */
export function remoteBackupsToRemove(
  remote: Map<string, SimulatedBackup>,
  keep: number,
  by: VersionProfile['remoteRetentionBy'],
): string[] {
  if (keep < 1) return [];
  const time = (backup: SimulatedBackup) =>
    backup.broken !== undefined ? 0 : by === 'upload' ? (backup.uploadedMs ?? 0) : backup.createdMs;
  const newestFirst = [...remote.values()].sort((a, b) => time(b) - time(a));
  const kept = new Set<string>();
  for (const backup of newestFirst.slice(0, keep)) {
    for (let at: SimulatedBackup | undefined = backup; at; at = remote.get(at.required)) {
      if (kept.has(at.name)) break;
      kept.add(at.name);
    }
  }
  return newestFirst
    .filter((backup) => backup.broken === undefined && !kept.has(backup.name))
    .map((backup) => backup.name);
}

/** True if files that metadata.json promises are missing on the remote storage. */
export function isIncomplete(backup: SimulatedBackup): boolean {
  return backup.incomplete === true || (backup.incompleteTables ?? []).length > 0;
}

/** True if a restore from the remote storage would restore everything, despite what lists show. */
export function isWhole(remote: Map<string, SimulatedBackup>, name: string): boolean {
  const seen = new Set<string>();
  for (let at = name; at !== '';) {
    const backup = remote.get(at);
    if (!backup || seen.has(at) || backup.broken !== undefined || isIncomplete(backup)) {
      return false;
    }
    seen.add(at);
    at = backup.required;
  }
  return true;
}
