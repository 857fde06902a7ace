import type { BackupServer, Client } from '../client/client.js';
import type { HostFiles } from '../state/host-files.js';
import type { LogDirectory } from '../state/log-directory.js';
import type { LogFile } from '../state/log-file.js';
import type { NameGiver } from '../state/name-giver.js';
import type { Clock } from '../time/clock.js';
import type { WaitBudget } from '../time/waiting.js';
import type { CommandRun } from '../state/status.js';
import type { Reporter } from './reporter.js';

/** What a command works with on one host. Contains no settings and no secrets. */
export interface CommandContext {
  /** The host as typed, for messages. */
  host: string;
  clock: Clock;
  /** Aborted with an `InterruptedError` on SIGINT and SIGTERM. */
  signal: AbortSignal;
  wait: WaitBudget;
  logDirectory: LogDirectory;
  files: HostFiles;
  log: LogFile;
  report: Reporter;
  client: Client;
  /** Returns the command that deletes a local copy, as it has to be typed for this host. */
  deleteLocalCommand: (backup: string) => string;
}

/** One of the servers of a shard. All replicas of a shard have the same data, each on its own disk. */
export interface Replica {
  /** HOST as in file names. */
  name: string;
  /** As typed, for messages. */
  host: string;
  server: BackupServer;
  /** Returns the command that deletes a local copy on this replica. */
  deleteLocalCommand: CommandContext['deleteLocalCommand'];
}

/** The same for a shard. */
export interface ShardContext extends CommandContext {
  /**
   * The preferred one first; a single host is the only replica of its shard. Empty with the local program,
   * which does not know its host.
   */
  replicas: readonly Replica[];
}

/** The same for create-full and create-diff, which need a server. */
export interface CreateContext extends ShardContext {
  /** The replica that is used; `host`, `client`, `server` and `deleteLocalCommand` are its own. */
  replica: Replica;
  server: BackupServer;
  /** Gives the backup its name; shared by all shards of the command. */
  names: NameGiver;
  /** Does an upload; waits for its turn if uploads of other shards are limited (`--parallel`). */
  takeUploadTurn: <T>(upload: () => Promise<T>) => Promise<T>;
  /** Receives how the run ended. Not called for a run that never got the host's lock. */
  runEnded: (run: CommandRun) => void;
}
