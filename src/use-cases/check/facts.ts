import type { Backup } from '../../backup/backup.js';
import type { CreationTimes } from '../../backup/names.js';
import type { RunningOperation } from '../../client/client.js';
import type { ChbackupError } from '../../errors.js';
import type { OwnFiles } from './own-files.js';

/** What counts as too old, too long or too late. */
export interface CheckLimits {
  maxAgeMs: number;
  maxFullAgeMs: number;
  /** The number of increments that a chain may have; undefined: any number. */
  maxChain: number | undefined;
  /** How long a run may take. */
  timeoutMs: number;
}

/** A replica that has shown its backups. */
export interface ReadReplica {
  kind: 'read';
  /** As typed, for messages. */
  host: string;
  /** The server's version, as it shows it. */
  version: string;
  /** Of both locations, in the server's order. */
  rows: readonly Backup[];
  /** Asked after the list, so that an upload that the list shows as broken is still among them. */
  running: readonly RunningOperation[];
}

/** A replica that has not; `error` says why. */
export interface FailedReplica {
  kind: 'failed';
  host: string;
  error: ChbackupError;
}

export type ReplicaReading = ReadReplica | FailedReplica;

/** What the rules judge: everything that was read at one time. */
export interface Facts {
  nowMs: number;
  limits: CheckLimits;
  recordedTimes: CreationTimes;
  /** The preferred one first. */
  replicas: readonly ReplicaReading[];
  own: OwnFiles;
  /** A clause that names another shard with the same path on the remote storage; undefined for none. */
  sharedPath: string | undefined;
}

/** The facts if at least one replica has shown its backups: `used` is the first that has. */
export interface ListFacts extends Facts {
  used: ReadReplica;
  /** The rows of `used` on the remote storage. */
  remote: readonly Backup[];
}

/** A clause for what only the files of the shard show. */
export const noFiles = 'the log directory has no files of this host';

/** How far a name may be in the future: clocks are never exactly the same. */
export const toleratedMs = 5 * 60_000;
