import type { Backup, Location } from '../backup/backup.js';
import type { BackupTable } from '../backup/table-metadata.js';
import type { RowsInBackup } from '../backup/table-engine.js';
import type { TableName } from '../backup/table-name.js';
import type { ServerErrorCode } from './server-errors.js';

/**
 * The server reported an error. `reason` is its text, on one line and safe to print. `code` is what
 * the text means; undefined if only a list can show what happened.
 */
interface Failed {
  kind: 'error';
  reason: string;
  code?: ServerErrorCode | undefined;
}

/** The outcome is not known: the entry disappeared or was canceled, or no response came. */
interface Unknown {
  kind: 'unknown';
  reason: string;
}

/** The outcome of an operation, as the server shows it. */
export type Outcome = { kind: 'success' } | Failed | Unknown;

/**
 * The outcome of a delete. `not-found` does not show that the backup is missing, because a storage that
 * is down reports the same (clickhouse-backup-api.md#delete-errors).
 */
export type DeleteOutcome =
  | { kind: 'deleted' }
  | { kind: 'not-found'; reason: string }
  | Failed
  | Unknown;

/** A table as the server sees it now. */
export interface Table {
  database: string;
  name: string;
  /** ClickHouse's name of the engine; undefined if the client cannot find it out. */
  engine: string | undefined;
  /**
   * What a backup contains of the table. For a materialized view, that of its inner table; `none` if it
   * writes to another table. `unknown`: the client could not find out.
   */
  rows: RowsInBackup | 'unknown';
  /**
   * The size of the active parts on disk, 0 for an empty table. For a materialized view, the size of its
   * inner table, because the view itself has no parts.
   */
  totalBytes: number;
  /** The table that a materialized view writes to (`TO db.table`). */
  writesTo?: TableName;
}

export interface RestoreRequest {
  backup: string;
  /** The one table to restore, with its names in ClickHouse. */
  table: TableName;
  /** The new name of the table; no table of that name may exist. */
  into?: TableName;
  /** `data`: attach parts to the existing table. `schema-and-data`: drop it, create it, attach. */
  what: 'data' | 'schema-and-data';
  /** false: `CLICKHOUSE_CHECK_REPLICAS_BEFORE_ATTACH=false` is set for this call. */
  checkReplicas: boolean;
}

/** What this version of clickhouse-backup can do. `client/versions.ts` has the sources. */
export interface Capabilities {
  /** The version, such as `2.6.30`, or the word that a development build shows. */
  version: string;
  /** `diff-from-remote` compares checksums, not only the names of parts. */
  diffFromRemoteSafe: boolean;
  /** The server shows the tables of a backup on the remote storage, and which of them are incomplete. */
  tableMetadata: boolean;
  /** `restore` can rename tables, not only databases. */
  tableMapping: boolean;
  /** `restore` can rename a table within its database; earlier versions do not find its rows. */
  tableMappingAlone: boolean;
  /** The check for active replicas can be turned off for one call. */
  checkReplicasSwitch: boolean;
  /** A delete fails while another process works on the backup. */
  seesOthersWork: boolean;
  /** The end of a list does not release the server's lock. */
  listIsHarmless: boolean;
}

/**
 * What any clickhouse-backup can do, behind its REST API or as the local program. Every method may throw
 * a `ChbackupError`: unreachable, unauthorized, busy for longer than `--wait`, timed out.
 */
export interface Client {
  /**
   * Throws `UnreachableError` if ClickHouse does not answer clickhouse-backup within 30 s: all other
   * calls would hang (clickhouse-backup-api.md#clickhouse-down). Takes no lock and adds no row.
   */
  checkUsable(): Promise<void>;
  capabilities(): Promise<Capabilities>;
  /**
   * Returns the copies at one or both locations, in the server's order. A list may be empty or incomplete
   * without an error (clickhouse-backup-api.md#empty-list, clickhouse-backup-api.md#missing-rows).
   */
  list(location: Location | 'all'): Promise<Backup[]>;
  /** Returns the table with exactly this name; undefined if it does not exist. */
  table(name: TableName): Promise<Table | undefined>;
  download(backup: string): Promise<Outcome>;
  /**
   * Restores one table. While the server is busy, waits, calls `beforeAgain` and tries again: other
   * clients may have changed the table meanwhile. Rejects with what `beforeAgain` throws.
   */
  restore(request: RestoreRequest, beforeAgain?: () => Promise<void>): Promise<Outcome>;
  /** Deletes one copy; calls `beforeAgain` as `restore` does. */
  delete(
    location: Location,
    backup: string,
    beforeAgain?: () => Promise<void>,
  ): Promise<DeleteOutcome>;
}

/** What a server shows about the tables of a backup. */
export type TablesOfBackup =
  /**
   * The list may be empty. Neither that nor a table that cannot be read shows that a backup is incomplete,
   * because a storage that is down looks the same (clickhouse-backup-api.md#tables-of-a-backup).
   */
  | { kind: 'read'; tables: BackupTable[] }
  /** The storage does not have the backup. */
  | { kind: 'not-found'; reason: string }
  /** Another error, which shows nothing about the backup. */
  | { kind: 'failed'; reason: string }
  /** This server cannot show them, or not with this remote storage. */
  | { kind: 'unsupported'; reason: string };

/** An operation in progress on a server, of any client. Its texts are safe to print. */
export interface RunningOperation {
  command: string;
  /** In the server's local time. */
  start: string;
}

/** A clickhouse-backup server, which also creates and uploads backups and shows what it is doing. */
export interface BackupServer extends Client {
  /** True once this run may have asked the server to do or change something. */
  readonly mayHavePosted: boolean;
  /** Returns all tables that a backup covers; the response can be large, with all their definitions. */
  tables(): Promise<Table[]>;
  /**
   * Reads the tables of a backup, one file of the storage per table. Throws `OperationTimeoutError` after
   * `limitMs`.
   */
  tablesOfBackup(location: Location, backup: string, limitMs: number): Promise<TablesOfBackup>;
  create(backup: string): Promise<Outcome>;
  /** Uploads a local backup: as an increment if `base` is given, otherwise in full. */
  upload(backup: string, base?: { at: Location; name: string }): Promise<Outcome>;
  /** Returns the outcome of an upload from the action log; undefined if it has no finished row. */
  uploadEnd(backup: string): Promise<Outcome | undefined>;
  /** Returns what the server is running, except for hung lists. */
  running(): Promise<RunningOperation[]>;
  /** Waits until the server is running nothing but hung lists, for any client. */
  waitUntilIdle(): Promise<void>;
}
