import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test as base } from 'vitest';
import { main } from '../../src/main.js';
import { TransportError } from '../../src/http/transport.js';
import type { SimulatedBackup } from '../simulator/simulator.js';
import { Simulator, type SimulatorOptions } from '../simulator/simulator.js';
import { diskWithLocks } from './lock-in-memory.js';
import { expectNoSecret, type Result, type Running, secret } from './harness.js';
import { simulatorTransport } from './simulator-transport.js';
import type { FakeTerminal } from './fake-terminal.js';
import { CapturedStream, typedInput } from './streams.js';
import { VirtualClock } from './virtual-clock.js';

// The clock does not notice that a run waits for its own code, so load it before a test begins.
await Promise.all([
  import('../../src/cli/commands/create-cluster-view.js'),
  import('../../src/cli/commands/list-cluster-view.js'),
  import('../../src/cli/commands/delete-cluster-view.js'),
  import('../../src/cli/ui/live-shards.js'),
  import('chalk'),
]);

/** As the real transport fails for a host name that does not exist. */
const unknownHost = () => {
  const details = { neverSent: true, wrongAddress: true, unresolved: true } as const;
  return Promise.reject(new TransportError('the host name was not found', details));
};

/** A program, simulated servers by host name, a virtual clock and a temporary folder. */
export class ClusterHarness {
  readonly clock = new VirtualClock();
  readonly folder = mkdtempSync(path.join(tmpdir(), 'chbackup-test-'));
  readonly logDir = path.join(this.folder, 'log');
  readonly results: Result[] = [];
  readonly locks = new Map<string, string>();
  private readonly simulators = new Map<string, Simulator>();
  /** The hosts that refuse connections. */
  readonly dead = new Set<string>();
  /** What is typed on the terminal of later runs; undefined: there is no terminal. */
  typed: string | undefined;
  /** The terminal on which later runs show their progress. */
  terminal: FakeTerminal | undefined;
  /** More variables of later runs. */
  env: Record<string, string> = {};

  /** Adds the replicas of a shard, which share a path of the remote storage. */
  addShard(hosts: readonly string[], options: Partial<SimulatorOptions> = {}): void {
    const remote = new Map<string, SimulatedBackup>();
    for (const host of hosts) {
      const simulator = new Simulator({
        version: '2.8.1',
        clock: this.clock.server,
        username: 'rlAPIuser',
        password: secret,
        remote,
        ...options,
      });
      this.simulators.set(host, simulator);
    }
  }

  at(host: string): Simulator {
    const found = this.simulators.get(host);
    if (found === undefined) throw new Error(`there is no server ${host}`);
    return found;
  }

  run(command: string, hosts: string, ...more: string[]): Promise<Result> {
    return this.start(command, hosts, ...more).done;
  }

  start(command: string, hosts: string, ...more: string[]): Running {
    return this.startRaw([command, hosts, 'rlAPIuser', secret, ...more]);
  }

  /** Runs with exactly these arguments. */
  runRaw(argv: string[]): Promise<Result> {
    return this.startRaw(argv).done;
  }

  private startRaw(argv: string[]): Running {
    const stdout = new CapturedStream();
    const stderr = this.terminal ?? new CapturedStream(this.typed !== undefined);
    const result: Result = { code: -1, stdout: '', stderr: '', steps: [], titles: [] };
    const listeners = new Set<(name: 'SIGINT' | 'SIGTERM') => void>();
    const done = main({
      argv,
      env: { CHBACKUP_LOG_DIR: this.logDir, ...this.env },
      cwd: this.folder,
      stdin: typedInput(this.typed),
      stdout,
      stderr,
      clock: this.clock,
      disk: diskWithLocks(this.locks),
      transport: ({ host, credentials }) => {
        const name = new URL(host.baseUrl).hostname;
        const simulator = this.simulators.get(name);
        if (simulator === undefined) return unknownHost;
        const transport = simulatorTransport(simulator, host.baseUrl, credentials);
        return (request, signal) => {
          if (!this.dead.has(name)) return transport(request, signal);
          return Promise.reject(new TransportError('connection refused', { neverSent: true }));
        };
      },
      onSignal(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      setTitle: (title) => result.titles.push(title),
      onStep: (step) => result.steps.push(step),
    }).then((code) => {
      Object.assign(result, { code, stdout: stdout.text, stderr: stderr.text });
      this.results.push(result);
      return result;
    });
    return { done, signal: (name) => listeners.forEach((listener) => listener(name)) };
  }

  /** The names of all files in the log directory. */
  get files(): string[] {
    return existsSync(this.logDir) ? readdirSync(this.logDir).sort() : [];
  }

  file(name: string): string | undefined {
    const file = path.join(this.logDir, name);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  writeFile(name: string, text: string): void {
    writeFileSync(path.join(this.logDir, name), text);
  }

  /** Replaces a file by a directory, so that reading it fails for root too. */
  makeUnreadable(name: string): void {
    const file = path.join(this.logDir, name);
    rmSync(file);
    mkdirSync(file);
  }

  removeFile(name: string): void {
    rmSync(path.join(this.logDir, name));
  }

  lastBackup(host: string): string | undefined {
    return this.file(`.${host}_last_backup`);
  }

  /** The base of the last backup that the files of a host name, as it is on the remote storage. */
  baseOf(host: string): string | undefined {
    return this.at(host).remote.get(this.lastBackup(host) ?? '')?.required;
  }

  requests(host: string, pattern = /./): string[] {
    return this.at(host)
      .requests.map(({ method, path: target }) => `${method} ${target}`)
      .filter((line) => pattern.test(line));
  }

  /** Checks after every test that no secret leaked and no unknown route was requested. */
  check(): void {
    for (const { stdout, stderr, titles } of this.results) {
      expectNoSecret(stdout + stderr + titles.join('\n'));
    }
    for (const name of this.files) {
      if (statSync(path.join(this.logDir, name)).isFile()) expectNoSecret(this.file(name) ?? '');
    }
    for (const simulator of this.simulators.values()) expect(simulator.unknownRoutes).toEqual([]);
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Three shards of two replicas each, `ch-1a` to `ch-3b`. */
export const test = base.extend<{ cluster: ClusterHarness }>({
  cluster: async ({}, use) => {
    const harness = new ClusterHarness();
    for (const shard of [1, 2, 3]) harness.addShard([`ch-${shard}a`, `ch-${shard}b`]);
    await use(harness);
    harness.check();
    harness.close();
  },
});
