import { TransportError, type Transport } from '../../src/http/transport.js';
import type { Environment } from '../../src/cli/environment.js';
import { main } from '../../src/main.js';
import { Simulator, type SimulatedBackup } from '../simulator/simulator.js';
import { KillableProcess } from '../support/killable-process.js';
import { reasonOf, simulatorTransport } from '../support/simulator-transport.js';
import { CapturedStream, typedInput } from '../support/streams.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { type ClusterRun, ClusterRecord, inLogDir } from './cluster-record.js';
import type { ClusterRunStep, ClusterScript, FaultStep, ReplicaFault } from './cluster-script.js';
import { MemoryFolder } from './memory-folder.js';
import { logDir } from './schedule-record.js';
import { secret, user } from './secret.js';

// The clock does not notice that a run waits for its own code, so load it before a run begins.
await Promise.all([
  import('../../src/cli/commands/create-cluster-view.js'),
  import('../../src/cli/commands/create-view.js'),
  import('../../src/cli/execution.js'),
  import('../../src/cli/failure.js'),
]);

/** Returns the pings and metrics files of a run. */
export type MonitorsOf = (
  clock: VirtualClock,
  run: ClusterRun,
) => Pick<Environment, 'env' | 'pingTransport' | 'metricsFolder'> | undefined;

/** The faults that a replica has now. */
interface Health {
  refusals: number;
  silences: number;
  /** Faults that begin right before a request, by how many requests are left until then. */
  waiting: { left: number; begin: () => void }[];
}

/** Shards of two replicas, a log directory and programs, all in one process and with one clock. */
export class ClusterScene {
  readonly clock = new VirtualClock();
  readonly record: ClusterRecord = new ClusterRecord(
    (file) => this.folder.files.get(inLogDir(file)),
    (file) => this.folder.locks.get(inLogDir(file))?.owner,
  );
  private readonly folder = new MemoryFolder(this.record.watcher);
  private readonly health = new Map<string, Health>();
  private readonly trace: (line: string) => void;
  private readonly monitorsOf: MonitorsOf | undefined;
  private readonly running = new Set<Promise<unknown>>();
  /** The replica of each fault that is active. */
  private faults: string[] = [];
  private isLifted = false;

  constructor(
    { shards }: ClusterScript,
    trace: (line: string) => void = () => undefined,
    monitorsOf?: MonitorsOf,
  ) {
    this.trace = trace;
    this.monitorsOf = monitorsOf;
    for (const [at, { version, createMs, uploadMs }] of shards.entries()) {
      const remote = new Map<string, SimulatedBackup>();
      for (const host of [`a${at}`, `b${at}`]) {
        const simulator = new Simulator({
          version,
          clock: this.clock.server,
          username: user,
          password: secret,
          remote,
          workMs: { create: createMs, upload: uploadMs },
        });
        this.record.servers.set(host, simulator);
        this.health.set(host, { refusals: 0, silences: 0, waiting: [] });
      }
    }
  }

  get shardCount(): number {
    return this.record.servers.size / 2;
  }

  addFault(step: FaultStep): void {
    const host = `${step.replica}${step.shard % this.shardCount}`;
    const begin = () => this.beginFault(host, step);
    if (step.request === undefined) this.later(step.afterMs, begin);
    else this.healthOf(host).waiting.push({ left: step.request, begin });
  }

  /** Ends all faults, also those that have not begun; running operations continue. */
  liftFaults(): void {
    this.isLifted = true;
    for (const [host, health] of this.health) {
      Object.assign(health, { refusals: 0, silences: 0, waiting: [] });
      this.record.server(host).clearFaults();
    }
    this.faults = [];
  }

  async rest(): Promise<void> {
    await Promise.all(this.running);
    this.running.clear();
  }

  /** Starts a program; returns its record and a promise of its exit code. */
  start(step: ClusterRunStep): { run: ClusterRun; done: Promise<number> } {
    const id = this.record.runs.size + 1;
    const orders = step.orders.slice(0, this.shardCount);
    const run: ClusterRun = {
      id,
      step,
      shards: orders.map((order, at) => order.split('').map((replica) => `${replica}${at}`)),
      created: new Map(),
      recorded: new Set(),
      prepared: new Set(),
      faulty: new Set(this.faults),
      lastBefore: new Map(),
      isQuiet: this.faults.length === 0 && this.running.size === 0,
      stderr: '',
    };
    for (const other of this.record.runs.values()) if (!run.isQuiet) other.isQuiet = false;
    this.record.runs.set(id, run);
    const done = this.runToEnd(run).finally(() => this.running.delete(done));
    this.running.add(done);
    return { run, done };
  }

  private async runToEnd(run: ClusterRun): Promise<number> {
    const { step, id, shards } = run;
    const hosts = shards.map((replicas) => replicas.join('|')).join(',');
    this.trace(`run ${id}: ${step.command} ${hosts}`);
    const killable = new KillableProcess(this.folder.diskOf(id), step.killAfter || Infinity);
    const listeners = new Set<(name: 'SIGTERM') => void>();
    if (step.signalAfterMs > 0) {
      this.later(step.signalAfterMs, () => listeners.forEach((listener) => listener('SIGTERM')));
    }
    const stderr = new CapturedStream();
    stderr._write = (chunk, _encoding, done) => {
      this.trace(`  ${String(chunk).trimEnd()}`);
      this.record.said(run, String(chunk));
      done();
    };
    const limits = ['--wait', '3h', '--timeout', '2h', '--connect-timeout', '20s'];
    const parallel = step.parallel || shards.length === 1 ? [] : ['--parallel', '1'];
    const { env, ...monitors } = this.monitorsOf?.(this.clock, run) ?? {};
    let workEndMs = 0;
    const code = await main({
      argv: [step.command, hosts, user, secret, ...limits, ...parallel],
      env: { CHBACKUP_LOG_DIR: logDir, ...env },
      cwd: '/nowhere',
      stdin: typedInput(),
      stdout: new CapturedStream(),
      stderr,
      clock: this.clock,
      onSignal(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      setTitle: () => undefined,
      disk: killable.disk,
      transport: ({ host }) => killable.transport(this.transportTo(host.fileName, run)),
      onStep: (name) => {
        if (name === 'end') workEndMs = this.clock.elapsed();
      },
      ...monitors,
    });
    // A killed program ends when the test lets it. Without monitors, nothing happens after the end.
    const isMonitored = this.monitorsOf !== undefined && !killable.killed;
    const lateMs = isMonitored ? this.clock.elapsed() - workEndMs : 0;
    this.record.expect(lateMs <= 30_000, run, `it took ${lateMs} ms from the end of its work`);
    this.trace(`run ${id}: ${killable.killed ? 'killed' : `exit ${code}`}`);
    this.record.count('runs');
    this.record.count(killable.killed ? 'killed' : `exit ${code}`);
    return code;
  }

  private transportTo(host: string, run: ClusterRun): Transport {
    const health = this.healthOf(host);
    const credentials = { user, password: secret };
    const send = simulatorTransport(this.record.server(host), `http://${host}:7171`, credentials);
    return async (request, signal) => {
      this.record.finishDueWork();
      for (const one of health.waiting) if (--one.left === 0) one.begin();
      health.waiting = health.waiting.filter(({ left }) => left > 0);
      if (health.refusals > 0) throw new TransportError('connection refused', { neverSent: true });
      if (request.method === 'POST') this.record.posted(run, host, request.path);
      if (request.path === '/backup/tables') run.prepared.add(host);
      if (health.silences > 0) {
        await this.clock.server.sleep(Infinity, signal).catch(() => undefined);
        throw reasonOf(signal, false);
      }
      return send(request, signal);
    };
  }

  private beginFault(host: string, { fault, ms }: FaultStep): void {
    this.trace(`${host}: ${fault}`);
    this.record.count(fault);
    const simulator = this.record.server(host);
    const health = this.healthOf(host);
    this.record.finishDueWork();
    this.faults.push(host);
    for (const run of this.record.runs.values()) {
      run.isQuiet = false;
      run.faulty.add(host);
    }
    if (fault === 'process dies') {
      simulator.restart({ rows: 'gone', work: 'stops', resume: false });
    }
    if (fault === 'process dies' || fault === 'network refuses') health.refusals++;
    if (fault === 'network is silent') health.silences++;
    if (fault === 'ClickHouse hangs') simulator.hang = true;
    if (fault === 'ClickHouse is down') simulator.clickHouseDown = true;
    this.later(ms, () => this.endFault(host, fault));
  }

  private endFault(host: string, fault: ReplicaFault): void {
    this.trace(`${host}: no more ${fault}`);
    const simulator = this.record.server(host);
    const health = this.healthOf(host);
    this.faults.splice(this.faults.indexOf(host), 1);
    if (fault === 'process dies' || fault === 'network refuses') health.refusals--;
    if (fault === 'network is silent') health.silences--;
    if (fault === 'ClickHouse hangs') simulator.hang = false;
    if (fault === 'ClickHouse is down') simulator.clickHouseDown = false;
  }

  /** Does something later, unless the faults have been lifted by then. */
  private later(ms: number, action: () => void): void {
    void this.clock.sleep(ms).then(() => (this.isLifted ? undefined : action()));
  }

  private healthOf(host: string): Health {
    const health = this.health.get(host);
    if (health === undefined) throw new Error(`there is no server ${host}`);
    return health;
  }
}
