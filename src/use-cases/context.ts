import type { Clock } from '../time/clock.js';
import type { WaitBudget } from '../time/waiting.js';
import type { Settings } from '../config/settings.js';
import type { BackupServer, Engine } from '../client/client.js';
import type { Disk } from '../state/disk.js';
import type { HostFiles } from '../state/host-files.js';
import type { LogFile } from '../state/log-file.js';
import type { Reporter } from './reporter.js';

/** All that a command works with. */
export interface Session {
  settings: Settings;
  clock: Clock;
  /** Aborted with an `InterruptedError` on SIGINT and SIGTERM. */
  signal: AbortSignal;
  wait: WaitBudget;
  disk: Disk;
  files: HostFiles;
  log: LogFile;
  report: Reporter;
  engine: Engine;
}

/** The same for create-full and create-diff, which need a server. */
export interface Run extends Session {
  server: BackupServer;
}
