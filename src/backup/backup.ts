/** Where a copy of a backup is: on the ClickHouse server's disk, or on the remote storage. */
export type Location = 'local' | 'remote';

/**
 * What the list shows about a copy.
 * `old-format` is what servers up to 2.4.x call a local folder without metadata, for example the base
 * that a download of an increment leaves behind; it cannot be used, like a broken copy.
 * `foreign` is an entry that is not a backup: it has neither metadata nor a name that chbackup gives.
 */
export type BackupState = 'ok' | 'broken' | 'old-format' | 'foreign';

/** One copy of a backup at one location, as the server lists it. */
export interface Backup {
  name: string;
  location: Location;
  /** As the server wrote it: UTC before 2.6.29, its local time after; year 1 if unknown. */
  created: string;
  /** Bytes of all data of the backup, if the server shows it (clickhouse-backup-api.md#list-rows). */
  sizeBytes?: number;
  /**
   * Bytes that its upload wrote to the remote storage, and that its delete frees; undefined for a local
   * copy, and if the server does not show it (clickhouse-backup-api.md#list-rows).
   */
  uploadedBytes?: number;
  /** The base of an increment; undefined for a full backup, and for a broken one. */
  required: string | undefined;
  /** The server's text; for a broken copy, the reason. */
  description: string;
  state: BackupState;
}

/** FULL: a full backup. DIFF: an increment on the last verified backup, full or incremental. */
export type BackupKind = 'FULL' | 'DIFF';
