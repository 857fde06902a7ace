import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ApiProxy } from './api-proxy.js';
import { BackupApi } from './backup-api.js';
import { ClickHouse } from './clickhouse.js';
import { fastClock } from './fast-clock.js';
import { FtpStorage } from './ftp-storage.js';
import { HostFiles, type Journal } from './host-files.js';
import type { ProgramRun, Result } from './program-run.js';
import { ProgramRuns } from './program-runs.js';
import type { BackupProgram } from './programs.js';

export interface SlowUpload {
  run: ProgramRun;
  backup: string;
}

/** A ClickHouse, its clickhouse-backup, an FTP storage, and chbackup. */
export class Stack {
  readonly clickhouse: ClickHouse;
  readonly storage: FtpStorage;
  readonly api: BackupApi;
  readonly logDir: string;
  private readonly folder: string;
  private readonly runs: ProgramRuns;
  private proxy: ApiProxy | undefined;

  private constructor(
    folder: string,
    servers: { clickhouse: ClickHouse; storage: FtpStorage; api: BackupApi },
  ) {
    this.folder = folder;
    this.logDir = path.join(folder, 'log');
    this.runs = new ProgramRuns(folder, this.logDir);
    this.clickhouse = servers.clickhouse;
    this.storage = servers.storage;
    this.api = servers.api;
  }

  static async start(program: BackupProgram): Promise<Stack> {
    const folder = mkdtempSync(path.join(tmpdir(), 'chbackup-real-'));
    // The FTP server's user must be able to enter the folder.
    chmodSync(folder, 0o711);
    const clickhouse = await ClickHouse.start(path.join(folder, 'clickhouse'));
    const storage = await FtpStorage.start(path.join(folder, 'ftp'));
    const api = await BackupApi.start(program, path.join(folder, 'api'), clickhouse, storage);
    return new Stack(folder, { clickhouse, storage, api });
  }

  async stop(): Promise<void> {
    this.runs.killAll();
    this.proxy?.stop();
    await this.api.kill();
    await this.storage.stop();
    await this.clickhouse.process.kill();
    rmSync(this.folder, { recursive: true });
  }

  /**
   * Starts `chbackup COMMAND HOST USER PASSWORD --log-dir … OPTIONS`; `command` is everything
   * before the host, such as `restore-table latest shop.orders`.
   */
  start(command: string, ...options: string[]): ProgramRun {
    return this.startAs(this.api.password, command, ...options);
  }

  /** Runs `chbackup` to its end; the arguments are those of `start`. */
  run(command: string, ...options: string[]): Promise<Result> {
    return this.start(command, ...options).result;
  }

  /** The same, with a tenth of the usual pauses and time limits. */
  runFast(command: string, ...options: string[]): Promise<Result> {
    const connection = [this.host, this.api.user, this.api.password];
    return this.runs.launch([...command.split(' '), ...connection, ...options], fastClock).result;
  }

  startAs(password: string, command: string, ...options: string[]): ProgramRun {
    const connection = [this.host, this.api.user, password];
    return this.runs.launch([...command.split(' '), ...connection, ...options]);
  }

  /** Runs `chbackup ARGS` with the clickhouse-backup program instead of its API. */
  runBinary(command: string, ...options: string[]): Promise<Result> {
    const { path: program, environment } = this.api;
    const args = [...command.split(' '), '--binary-path', program, ...options];
    return this.runs.launch(args, environment).result;
  }

  /** Puts a proxy between chbackup and the API; to chbackup, this is another host. */
  async useProxy(): Promise<ApiProxy> {
    this.proxy = await ApiProxy.start(this.api.port);
    return this.proxy;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Returns the name in the last-backup file, or undefined without one. */
  lastBackup(): string | undefined {
    return this.files.lastBackup();
  }

  /** Returns the journal that an interrupted run left. */
  journal(): Journal | undefined {
    return this.files.journal();
  }

  /** Waits until the running `chbackup` is in `phase`; returns its journal. */
  waitForPhase(phase: Journal['phase']): Promise<Journal> {
    return this.files.waitForPhase(phase);
  }

  /** Makes ClickHouse hang as soon as the running `chbackup` starts its create. */
  async stopClickHouseInCreate(): Promise<Journal> {
    const journal = await this.waitForPhase('create');
    this.clickhouse.process.signal('SIGSTOP');
    await this.api.waitForAction(`create ${journal.backup}`);
    return journal;
  }

  /** Starts a run whose upload takes seconds; waits until files appear on the storage. */
  async startSlowUpload(command: string, ...options: string[]): Promise<SlowUpload> {
    await this.storage.throttle(1000);
    const run = this.start(command, ...options);
    const { backup } = await this.waitForPhase('upload');
    await this.storage.waitForFile(`shard1/${backup}/`);
    return { run, backup };
  }

  log(): string {
    return this.files.log();
  }

  /** Returns the output of all programs, for a failed test. */
  allOutput(): string {
    return `${this.runs.output()}--- clickhouse-backup server\n${this.api.output().slice(-6000)}`;
  }

  private get port(): number {
    return this.proxy?.port ?? this.api.port;
  }

  private get files(): HostFiles {
    return new HostFiles(this.logDir, `127.0.0.1_${this.port}`);
  }
}
