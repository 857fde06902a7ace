import { type ActionRow, ActionsLog } from './actions-log.js';
import { type SimulatedTable, recordedTables } from './clickhouse-tables.js';
import type { ScriptedFaults } from './faults.js';
import type { MetadataCache } from './metadata-cache.js';
import { Metrics } from './metrics.js';
import type { SimulatedBackup } from './storage.js';
import { type SimulatorVersion, type VersionProfile, versionProfiles } from './versions.js';

/** The clock of a server, which sleeps on it to delay an answer. */
export interface ServerClock {
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export type TimedWork =
  | 'create'
  | 'upload'
  | 'download'
  | 'restore'
  | 'list'
  | 'delete'
  /** The read of one table's metadata from the remote storage. */
  | 'tableRead';

export interface SimulatorOptions {
  version: SimulatorVersion;
  clock: ServerClock;
  username?: string;
  password?: string;
  keepLocal?: number;
  keepRemote?: number;
  workMs?: Partial<Record<TimedWork, number>>;
  /** The tables of the simulated ClickHouse; by default those of the recordings. */
  tables?: Map<string, SimulatedTable>;
  /** The offset of the server's time zone from UTC. */
  utcOffsetMinutes?: number;
  /** The version that the server shows, such as '2.7.0'; its behavior depends on `version`. */
  versionText?: string;
  /** Overrides parts of the version's profile, to simulate a version in between. */
  profile?: Partial<VersionProfile>;
  /** `api.allow_parallel`: there is no lock (clickhouse-backup-api.md#lock). */
  allowParallel?: boolean;
  /** `general.allow_empty_backups`. */
  allowEmptyBackups?: boolean;
  /** The remote storage, if several servers share a path on it. */
  remote?: Map<string, SimulatedBackup>;
  /** `general.remote_storage`; `none`: lists contain no remote backups, and uploads fail. */
  remoteStorage?: 'ftp' | 'none';
  /** `general.upload_by_part`; if false, diff-from-remote is refused. */
  uploadByPart?: boolean;
}

/** Work that ends at `endsAt`; it is ended lazily, before the next access to the server. */
export interface Job {
  operation: string;
  row?: ActionRow;
  command: string;
  operationId?: string;
  /** When its row appears in the log, if not at once. */
  registersAt?: number;
  endsAt: number;
  /** Does the work; returns the error text if it fails. */
  run(atMs: number): string | undefined;
  /** True while the work cannot end. */
  isBlocked?: () => boolean;
  wasBlocked?: boolean;
  state: 'running' | 'ended' | 'stopped';
  error?: string;
  /** Called once its row has ended. */
  afterEnd?(atMs: number): void;
}

const defaultWorkMs: Record<TimedWork, number> = {
  create: 1000,
  upload: 2000,
  download: 1000,
  restore: 500,
  list: 0,
  delete: 0,
  tableRead: 0,
};

/** The state of one server, and its running work. */
export class SimulatedServer {
  readonly profile: VersionProfile;
  readonly clock: ServerClock;
  readonly faults: ScriptedFaults;
  readonly log: ActionsLog;
  readonly metrics: Metrics;
  readonly local = new Map<string, SimulatedBackup>();
  readonly remote: Map<string, SimulatedBackup>;
  readonly metadataCache: MetadataCache = new Map();
  readonly tables: Map<string, SimulatedTable>;
  /** Replicated tables that look busy: to all versions, or only to one that checks their log. */
  readonly busyReplicas = new Map<string, 'replicating' | 'log only'>();
  readonly username: string;
  readonly password: string;
  readonly keepLocal: number;
  readonly keepRemote: number;
  readonly utcOffsetMinutes: number;
  readonly hasRemoteStorage: boolean;
  readonly allowEmptyBackups: boolean;
  readonly uploadByPart: boolean;
  readonly workMs: Record<TimedWork, number>;
  /** Aborted when the process ends, with all of its connections. */
  process = new AbortController();
  private readonly allowParallel: boolean;
  private jobs: Job[] = [];
  private idsGiven = 0;

  constructor(options: SimulatorOptions, faults: ScriptedFaults) {
    this.profile = { ...versionProfiles[options.version], ...options.profile };
    if (options.versionText !== undefined) this.profile.versionText = options.versionText;
    this.clock = options.clock;
    this.faults = faults;
    this.username = options.username ?? '';
    this.password = options.password ?? '';
    this.keepLocal = options.keepLocal ?? 6;
    this.keepRemote = options.keepRemote ?? 336;
    this.utcOffsetMinutes = options.utcOffsetMinutes ?? 0;
    this.hasRemoteStorage = options.remoteStorage !== 'none';
    this.allowEmptyBackups = options.allowEmptyBackups ?? false;
    this.uploadByPart = options.uploadByPart ?? true;
    this.workMs = { ...defaultWorkMs, ...options.workMs };
    this.remote = options.remote ?? new Map<string, SimulatedBackup>();
    this.tables = options.tables ?? recordedTables();
    this.allowParallel = options.allowParallel ?? false;
    this.log = new ActionsLog(this.utcOffsetMinutes, this.profile.finishedRowsKept);
    this.metrics = new Metrics(this);
  }

  /** Returns a version 1 UUID like the server's, but numbered (exchange "create full"). */
  newOperationId(): string | undefined {
    if (!this.profile.operationIds) return undefined;
    const count = (0x72f1e1ba + this.idsGiven++).toString(16);
    return `${count}-e675-11f1-8e61-6261356d76d4`;
  }

  /** True while work that needs ClickHouse does not end. */
  get isHanging(): boolean {
    const { hang, clickHouseDown } = this.faults;
    return hang || (clickHouseDown && this.profile.whileClickHouseIsDown === 'hangs');
  }

  /** The error with which work that needs ClickHouse fails at once. */
  get clickHouseError(): string | undefined {
    if (!this.faults.clickHouseDown || this.isHanging) return undefined;
    return "can't connect to clickhouse: dial tcp 127.0.0.1:9000: connect: connection refused";
  }

  isLocked(): boolean {
    return !this.allowParallel && this.log.isLocked(this.profile.lockLooksAt);
  }

  /** Starts work; its row is in the log at once unless `rowDelayMs` says otherwise. */
  start(work: {
    operation: string;
    command: string;
    ms: number;
    run(atMs: number): string | undefined;
    operationId?: string | undefined;
    isBlocked?: () => boolean;
    rowDelayMs?: number;
    startMs?: number;
  }): Job {
    const startMs = work.startMs ?? this.clock.now();
    const { operation, command, run } = work;
    const endsAt = startMs + work.ms;
    const job: Job = { operation, command, run, endsAt, state: 'running' };
    if (work.isBlocked) job.isBlocked = work.isBlocked;
    if (work.operationId !== undefined) job.operationId = work.operationId;
    if (work.rowDelayMs) job.registersAt = Math.min(startMs + work.rowDelayMs, endsAt);
    else this.register(job, startMs);
    this.jobs.push(job);
    return job;
  }

  /** Ends all work that is due, in order of time. */
  finishDueWork(): void {
    for (let due = this.nextDue(); due; due = this.nextDue()) {
      if (due.registersAt !== undefined) this.register(due, due.registersAt);
      else this.end(due);
    }
  }

  /** Waits until the work has ended; rejects if the connection is cut. */
  async finish(job: Job, connection: AbortSignal): Promise<string | undefined> {
    for (;;) {
      this.finishDueWork();
      if (job.state !== 'running') return job.error;
      const waitMs = job.endsAt - this.clock.now();
      await this.clock.sleep(waitMs > 0 ? waitMs : 1000, connection);
    }
  }

  /** Stops running work; the part it has done stays. */
  stop(shouldStop: (job: Job) => boolean): void {
    for (const job of this.jobs.filter(shouldStop)) {
      job.state = 'stopped';
      job.error = 'context canceled';
    }
    this.jobs = this.jobs.filter((job) => job.state === 'running');
  }

  private nextDue(): Job | undefined {
    const now = this.clock.now();
    let next: Job | undefined;
    const time = (job: Job) => job.registersAt ?? job.endsAt;
    for (const job of this.jobs) {
      if (time(job) > now) continue;
      if (job.registersAt === undefined && job.isBlocked?.()) {
        job.wasBlocked = true;
        continue;
      }
      if (!next || time(job) < time(next)) next = job;
    }
    return next;
  }

  private register(job: Job, atMs: number): void {
    delete job.registersAt;
    job.row = this.log.begin(job.command, atMs, job.operationId);
  }

  private end(job: Job): void {
    const atMs = job.wasBlocked ? this.clock.now() : job.endsAt;
    this.jobs = this.jobs.filter((other) => other !== job);
    const error = job.run(atMs);
    job.state = 'ended';
    if (error !== undefined) job.error = error;
    if (job.row) {
      this.metrics.count(job.operation, job.row.startMs, atMs, error);
      this.log.finish(job.row, atMs, error);
    }
    job.afterEnd?.(atMs);
  }
}
