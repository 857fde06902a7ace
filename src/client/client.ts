import type { Backup, Location } from '../backup/backup.js';
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

/** Only a list can show what happened: the entry disappeared or was canceled, or no response came. */
interface Unknown {
  kind: 'unknown';
  reason: string;
}

/** How an operation ended, as far as the server shows it. */
export type Outcome = { kind: 'success' } | Failed | Unknown;

/** How a delete ended. `not-found` proves nothing, because a storage that is down reports it too. */
export type DeleteOutcome =
  | { kind: 'deleted' }
  | { kind: 'not-found'; reason: string }
  | Failed
  | Unknown;

/** A table as the server sees it now. */
export interface Table {
  database: string;
  name: string;
  /** ClickHouse's name of the engine; undefined if the client cannot tell. */
  engine: string | undefined;
  /**
   * For a materialized view that of its inner table; `none` if it writes to another table.
   * `unknown`: the client could not find out.
   */
  rows: RowsInBackup | 'unknown';
  /**
   * Bytes of the active parts on disk, 0 for an empty table. For a materialized view those of its
   * inner table, because the view itself has none.
   */
  totalBytes: number;
  /** The table that a materialized view writes to (`TO db.table`). */
  writesTo?: TableName;
}

export interface RestoreRequest {
  backup: string;
  /** Exactly one table, `database` and `name` as ClickHouse has them. */
  table: TableName;
  /** Restore as this table instead; it must not exist. */
  into?: TableName;
  /** `data`: attach parts to the table that is there. `schema`: drop it, create it, attach. */
  what: 'data' | 'schema-and-data';
  /** false: `CLICKHOUSE_CHECK_REPLICAS_BEFORE_ATTACH=false` for this call. */
  checkReplicas: boolean;
}

/** What this version of clickhouse-backup can do; §7 of the wire contract. */
export interface Capabilities {
  /** `2.6.30`, or what a development build calls itself. */
  version: string;
  /** `diff-from-remote` compares checksums (2.7.0), not part names only. */
  diffFromRemoteSafe: boolean;
  /** `restore` maps table names (2.5.20), not databases only. */
  tableMapping: boolean;
  /** … also within one database: before 2.6.40 the data of such a table is looked for in vain. */
  tableMappingAlone: boolean;
  /** The check of replicas can be switched off for one call. */
  checkReplicasSwitch: boolean;
  /** A delete finds out whether somebody is working on that backup (2.6.27 has a pid file for each). */
  seesOthersWork: boolean;
  /** A list that ends does not open the server's lock (2.4.29; told by `/backup/version`, 2.5.9). */
  listIsHarmless: boolean;
}

/**
 * What any clickhouse-backup can do, behind its REST API or as the local program.
 * Every method may throw a `ChbackupError`: unreachable, refused, busy past `--wait`, timed out.
 */
export interface Client {
  /**
   * Throws `UnreachableError` if ClickHouse does not answer clickhouse-backup within 30 s: lists
   * and everything else would hang (§12). Changes nothing, takes no lock, adds no row.
   */
  checkUsable(): Promise<void>;
  capabilities(): Promise<Capabilities>;
  /** The copies at one location, or at both; in the server's order. Absence is no proof (§5, §11). */
  list(location: Location | 'all'): Promise<Backup[]>;
  /** The table with exactly this name, or undefined. Finds the inner table of a materialized view. */
  table(name: TableName): Promise<Table | undefined>;
  download(backup: string): Promise<Outcome>;
  /**
   * Restores one table. Where the server is busy it waits, does `beforeAgain` and asks again: what
   * others did meanwhile may have changed what is wanted. What `beforeAgain` throws comes out.
   */
  restore(request: RestoreRequest, beforeAgain?: () => Promise<void>): Promise<Outcome>;
  /** Deletes one copy; `beforeAgain` as for `restore`. */
  delete(
    location: Location,
    backup: string,
    beforeAgain?: () => Promise<void>,
  ): Promise<DeleteOutcome>;
}

/** A clickhouse-backup server: it makes and uploads backups too, and tells what it is doing. */
export interface BackupServer extends Client {
  /** All tables that a backup covers. Reads the definition of each, so the response can be large. */
  tables(): Promise<Table[]>;
  create(backup: string): Promise<Outcome>;
  /** Uploads a local backup; as an increment on a base that is at one of the locations, or whole. */
  upload(backup: string, base?: { at: Location; name: string }): Promise<Outcome>;
  /** How an upload of this backup ended, as far as the action log still tells; undefined: no row. */
  uploadEnd(backup: string): Promise<Outcome | undefined>;
  /** Waits until nothing but hung lists is in progress on the server, for any client. */
  waitUntilIdle(): Promise<void>;
}
