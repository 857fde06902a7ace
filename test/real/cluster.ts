import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupApi } from './backup-api.js';
import { ClickHouse } from './clickhouse.js';
import { fastClock } from './fast-clock.js';
import { FtpStorage } from './ftp-storage.js';
import { HostFiles } from './host-files.js';
import type { ProgramRun, Result } from './program-run.js';
import { ProgramRuns } from './program-runs.js';
import type { BackupProgram } from './programs.js';
import { randomPassword } from './random-password.js';
import { ZooKeeper } from './zookeeper.js';

/** A ClickHouse and its clickhouse-backup, of which a shard has two. */
export class Replica {
  readonly clickhouse: ClickHouse;
  readonly api: BackupApi;

  constructor(clickhouse: ClickHouse, api: BackupApi) {
    this.clickhouse = clickhouse;
    this.api = api;
  }

  get host(): string {
    return `127.0.0.1:${this.api.port}`;
  }

  async stop(): Promise<void> {
    await this.api.kill();
    await this.clickhouse.process.kill();
  }

  /**
   * Stops both in an orderly way, so that they can start again: this closes the session with ZooKeeper.
   */
  async shutDown(): Promise<void> {
    await this.api.kill();
    await this.clickhouse.process.kill('SIGTERM');
  }

  /** Starts both after `shutDown`. */
  async startAgain(): Promise<void> {
    await this.clickhouse.restart();
    await this.api.start();
  }
}

/** A shard in `--json` of a create command. */
export interface CreatedOnShard {
  shard: string;
  exitCode: number;
  error: string | null;
  host?: string;
  backup?: string;
  kind?: 'full' | 'increment';
  base?: string | null;
  skipped?: boolean;
  notReplicated?: string[];
}

export interface Created {
  exitCode: number | null;
  stderr: string;
  shards: CreatedOnShard[];
}

type ReplicaName = 'a1' | 'a2' | 'b1' | 'b2';

/** Two shards, a and b, with two replicas each, a folder on the storage for each, and chbackup. */
export class Cluster {
  readonly a1: Replica;
  readonly a2: Replica;
  readonly b1: Replica;
  readonly b2: Replica;
  readonly storage: FtpStorage;
  private readonly zooKeeper: ZooKeeper;
  private readonly folder: string;
  private readonly logDir: string;
  private readonly runs: ProgramRuns;

  private constructor(
    folder: string,
    servers: { zooKeeper: ZooKeeper; storage: FtpStorage } & Record<ReplicaName, Replica>,
  ) {
    this.folder = folder;
    this.logDir = path.join(folder, 'log');
    this.runs = new ProgramRuns(folder, this.logDir);
    this.zooKeeper = servers.zooKeeper;
    this.storage = servers.storage;
    this.a1 = servers.a1;
    this.a2 = servers.a2;
    this.b1 = servers.b1;
    this.b2 = servers.b2;
  }

  static async start(program: BackupProgram): Promise<Cluster> {
    const folder = mkdtempSync(path.join(tmpdir(), 'chbackup-real-'));
    // The FTP server's user must be able to enter the folder.
    chmodSync(folder, 0o711);
    const storage = await FtpStorage.start(path.join(folder, 'ftp'));
    const zooKeeper = await ZooKeeper.start(path.join(folder, 'zookeeper'));
    const password = randomPassword();
    const startReplica = async (replica: ReplicaName): Promise<Replica> => {
      const own = path.join(folder, replica);
      const shard = replica.slice(0, 1);
      const place = { zooKeeperPort: zooKeeper.port, shard, replica };
      const clickhouse = await ClickHouse.start(path.join(own, 'clickhouse'), place);
      const options = { storagePath: `/${shard}`, password };
      const apiFolder = path.join(own, 'api');
      const api = await BackupApi.start(program, apiFolder, clickhouse, storage, options);
      return new Replica(clickhouse, api);
    };
    const a1 = await startReplica('a1');
    const a2 = await startReplica('a2');
    const b1 = await startReplica('b1');
    const b2 = await startReplica('b2');
    return new Cluster(folder, { zooKeeper, storage, a1, a2, b1, b2 });
  }

  async stop(): Promise<void> {
    this.runs.killAll();
    for (const replica of this.replicas) await replica.stop();
    await this.zooKeeper.stop();
    await this.storage.stop();
    rmSync(this.folder, { recursive: true });
  }

  get replicas(): Replica[] {
    return [this.a1, this.a2, this.b1, this.b2];
  }

  /** The notation of the whole cluster. */
  get notation(): string {
    return shards([this.a1, this.a2], [this.b1, this.b2]);
  }

  /** Starts `chbackup COMMAND HOSTS USER PASSWORD --log-dir … OPTIONS`. */
  start(command: string, hosts = this.notation, ...options: string[]): ProgramRun {
    return this.runs.launch(this.argumentsOf(command, hosts, options));
  }

  /** Runs the same to its end, with a tenth of the usual pauses and time limits. */
  runFast(command: string, hosts = this.notation, ...options: string[]): Promise<Result> {
    return this.runs.launch(this.argumentsOf(command, hosts, options), fastClock).result;
  }

  private argumentsOf(command: string, hosts: string, options: string[]): string[] {
    const { user, password } = this.a1.api;
    // The default is a minute, which each dead replica costs.
    const patience = ['--connect-timeout', '5s'];
    return [command, hosts, user, password, ...patience, ...options];
  }

  /** Runs create-full or create-diff with `--json` to its end. */
  async create(command: string, hosts = this.notation, ...options: string[]): Promise<Created> {
    const run = this.start(command, hosts, '--json', ...options);
    const { exitCode, stdout, stderr } = await run.result;
    const { shards: created } = JSON.parse(stdout) as { shards: CreatedOnShard[] };
    return { exitCode, stderr, shards: created };
  }

  /** Returns the files of a shard, which are named after one of its replicas. */
  files(owner: Replica, logDir = this.logDir): HostFiles {
    return new HostFiles(logDir, owner.host.replace(':', '_'));
  }

  /** The log directory of a chbackup on another machine, whose locks this one does not see. */
  get otherLogDir(): string {
    return path.join(this.folder, 'other-log');
  }

  /** Creates the replicated table `shop.orders` and the plain table `shop.visits` everywhere. */
  async createTables(): Promise<void> {
    for (const { clickhouse } of this.replicas) {
      await clickhouse.createTable('shop.visits');
      await clickhouse.query(
        'CREATE TABLE shop.orders (day Date, id UInt64, value UInt64) ENGINE = ' +
          "ReplicatedMergeTree('/tables/{shard}/orders', '{replica}') " +
          'PARTITION BY toYYYYMM(day) ORDER BY id',
      );
    }
  }

  /** Inserts rows into `shop.orders` of both shards; waits until both replicas have them. */
  async insertRows(from: number, count: number): Promise<void> {
    for (const [first, second] of [
      [this.a1, this.a2],
      [this.b1, this.b2],
    ] as const) {
      await first.clickhouse.insertRows('shop.orders', from, count);
      await waitForRows(second, await first.clickhouse.countRows('shop.orders'));
    }
  }

  /** Returns the output of all programs, for a failed test. */
  allOutput(): string {
    const servers = this.replicas.map(
      ({ host, api }) => `--- clickhouse-backup server ${host}\n${api.output().slice(-3000)}`,
    );
    return [this.runs.output(), ...servers].join('');
  }
}

/** Returns the notation of shards. */
export function shards(...all: Replica[][]): string {
  return all.map((replicas) => replicas.map(({ host }) => host).join('|')).join(',');
}

export async function waitForRows({ clickhouse }: Replica, count: number): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(50)) {
    if ((await clickhouse.countRows('shop.orders')) === count) return;
  }
  throw new Error(`the other replica did not get ${count} rows`);
}
