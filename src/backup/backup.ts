/** Where a copy of a backup lies: on the ClickHouse server's disk, or on the remote storage. */
export type Location = 'local' | 'remote';

/**
 * What is known of a copy from its row in the list.
 * `old-format` is what servers up to 2.4.x call a local folder without metadata, for one the
 * base that a download of an increment leaves behind: no more to be used than a broken one.
 * `foreign` is an entry that is not a backup: it has no metadata, nor a name that chbackup gives.
 */
export type BackupState = 'ok' | 'broken' | 'old-format' | 'foreign';

/** One copy of a backup at one location, as the server lists it. */
export interface Backup {
  name: string;
  location: Location;
  /** As the server wrote it: UTC before 2.6.29, its local time after; year 1 where unknown. */
  created: string;
  /** Size in bytes of the backup's data (not of what an increment added), where the server gives it. */
  sizeBytes?: number;
  /** Name of the base this increment needs; empty for a full backup. */
  required: string;
  /** The server's own words, for a broken copy the reason. */
  description: string;
  state: BackupState;
}

/** FULL: needs no other. DIFF: an increment on the last proven backup of any kind. */
export type BackupKind = 'FULL' | 'DIFF';
