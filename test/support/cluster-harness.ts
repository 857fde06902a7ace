import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test as base } from 'vitest';
import type { Environment } from '../../src/cli/environment.js';
import { TransportError } from '../../src/http/transport.js';
import type { Step } from '../../src/use-cases/steps.js';
import type { SimulatedBackup } from '../simulator/simulator.js';
import { Simulator, type SimulatorOptions } from '../simulator/simulator.js';
import {
  ProgramsInProcess,
  requestsTo,
  type Result,
  type Running,
  secret,
} from './programs-in-process.js';
import { reasonOf, simulatorTransport } from './simulator-transport.js';
import type { FakeTerminal } from './fake-terminal.js';
import { CapturedStream, typedInput } from './streams.js';
import type { VirtualClock } from './virtual-clock.js';

// The clock does not notice that a run waits for its own code, so load it before a test begins.
await Promise.all([
  import('../../src/cli/execution.js'),
  import('../../src/cli/failure.js'),
  import('../../src/cli/commands/create-view.js'),
  import('../../src/cli/commands/list-view.js'),
  import('../../src/cli/commands/delete-view.js'),
  import('../../src/cli/commands/create-cluster-view.js'),
  import('../../src/cli/commands/list-cluster-view.js'),
  import('../../src/cli/commands/check-cluster-view.js'),
  import('../../src/cli/commands/delete-cluster-view.js'),
  import('../../src/cli/ui/live-shards.js'),
  import('chalk'),
]);

/** As the real transport fails for a host name that does not exist. */
const unknownHost = () => {
  const details = { neverSent: true, wrongAddress: true, unresolved: true } as const;
  return Promise.reject(new TransportError('the host name was not found', details));
};

/** The request has been sent, but no response comes. */
async function neverAnswers(clock: VirtualClock, signal: AbortSignal): Promise<never> {
  await clock.server.sleep(Infinity, signal).catch(() => undefined);
  throw reasonOf(signal, false);
}

/** A program, simulated servers by host name, a virtual clock and a temporary folder. */
export class ClusterHarness extends ProgramsInProcess {
  private readonly simulators = new Map<string, Simulator>();
  /** The hosts that refuse connections. */
  readonly dead = new Set<string>();
  /** The hosts that never answer. */
  readonly silent = new Set<string>();
  /** The hosts whose certificate is not trusted. */
  readonly untrusted = new Set<string>();
  private readonly atSteps = new Map<string, () => void>();
  /** Extra environment variables, and replaced parts of the environment object, for later runs. */
  env: Record<string, string> = {};
  environment: Partial<Environment> = {};
  /** What is typed on the terminal of later runs; undefined: there is no terminal. */
  typed: string | undefined;
  /** The terminal on which later runs show their progress. */
  terminal: FakeTerminal | undefined;

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

  /** Does something when the next run enters a step. */
  when(step: Step, action: () => void): void {
    this.atSteps.set(step, action);
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
    const environment: Partial<Environment> = {
      env: { CHBACKUP_LOG_DIR: this.logDir, ...this.env },
      stdin: typedInput(this.typed),
      transport: ({ host, credentials }) => {
        const name = new URL(host.baseUrl).hostname;
        const simulator = this.simulators.get(name);
        if (simulator === undefined) return unknownHost;
        const transport = simulatorTransport(simulator, host.baseUrl, credentials);
        return (request, signal) => {
          if (this.silent.has(name)) return neverAnswers(this.clock, signal);
          if (this.untrusted.has(name)) {
            const details = { neverSent: true, permanent: true } as const;
            return Promise.reject(new TransportError('the certificate is not trusted', details));
          }
          if (!this.dead.has(name)) return transport(request, signal);
          return Promise.reject(new TransportError('connection refused', { neverSent: true }));
        };
      },
      onStep: (step) => {
        const action = this.atSteps.get(step);
        this.atSteps.delete(step);
        action?.();
      },
      ...this.environment,
    };
    const stderr = this.terminal ?? new CapturedStream(this.typed !== undefined);
    return this.launch(argv, environment, stderr);
  }

  /** Replaces a file by a directory, so that reading it fails for root too. */
  makeUnreadable(name: string): void {
    const file = path.join(this.logDir, name);
    rmSync(file);
    mkdirSync(file);
  }

  lastBackup(host: string): string | undefined {
    return this.file(`.${host}_last_backup`);
  }

  /** The base of the last backup that the files of a host name, as it is on the remote storage. */
  baseOf(host: string): string | undefined {
    return this.at(host).remote.get(this.lastBackup(host) ?? '')?.required;
  }

  requests(host: string, pattern = /./): string[] {
    return requestsTo(this.at(host), pattern);
  }

  /** Checks after every test that no secret leaked and no unknown route was requested. */
  check(): void {
    this.checkSecrets();
    for (const simulator of this.simulators.values()) expect(simulator.unknownRoutes).toEqual([]);
  }

  close(): void {
    this.removeFolder();
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
