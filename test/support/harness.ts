import path from 'node:path';
import type { TlsOptions } from 'node:tls';
import { expect, test as base } from 'vitest';
import type { Step } from '../../src/use-cases/steps.js';
import { parseHost } from '../../src/config/host.js';
import { createGotTransport } from '../../src/http/got-transport.js';
import type { Settings } from '../../src/config/settings.js';
import type { Transport } from '../../src/http/transport.js';
import type { Environment } from '../../src/cli/environment.js';
import { type ListeningSimulator, serve } from '../simulator/http-server.js';
import { Simulator, type SimulatorOptions } from '../simulator/simulator.js';
import { KillableProcess } from './killable-process.js';
import { diskWithLocks } from './lock-in-memory.js';
import {
  ProgramsInProcess,
  requestsTo,
  type Result,
  type Running,
  secret,
} from './programs-in-process.js';
import { simulatorTransport } from './simulator-transport.js';

export { expectNoSecret, type Result, type Running, secret } from './programs-in-process.js';

// The clock does not notice that a run waits for its own code, so load it before a test begins.
await Promise.all([
  import('../../src/cli/commands/create-view.js'),
  import('../../src/cli/commands/check-view.js'),
  import('../../src/cli/execution.js'),
  import('../../src/cli/failure.js'),
  import('../../src/cli/ui/spinner.js'),
]);

/** The server versions that the most important tests run on. */
export const versions = ['2.4.0', '2.6.30', '2.8.1'] as const;

export interface Listening {
  tls?: TlsOptions;
  /** `127.0.0.1` by default, or another address of this machine. */
  host?: string;
  /** Whether requests are sent over real HTTP, for tests about the network. */
  network?: boolean;
}

/** Whether every test sends its requests over real HTTP; set by `npm run check`. */
const isAlwaysNetwork = process.env['CHBACKUP_TEST_NETWORK'] === '1';

/** A program, a simulated server, a virtual clock and a temporary folder. */
export class Harness extends ProgramsInProcess {
  readonly simulator: Simulator;
  /** Called at each step of later runs, before the program continues. */
  onStep: (step: Step) => void = () => undefined;
  /** Extra environment variables for later runs. */
  env: Record<string, string> = {};
  /** Replaced parts of the environment object for later runs. */
  environment: Partial<Environment> = {};
  private readonly listensAs: Listening;
  private listening: ListeningSimulator | undefined;

  constructor(options: Partial<SimulatorOptions> = {}, listensAs: Listening = {}) {
    super();
    this.listensAs = listensAs;
    this.simulator = new Simulator({
      version: '2.8.1',
      clock: this.clock.server,
      username: 'rlAPIuser',
      password: secret,
      ...options,
    });
  }

  /** The server's password, for tests that build their own arguments. */
  readonly password = secret;

  get server(): ListeningSimulator {
    if (this.listening === undefined) throw new Error('the simulator does not listen');
    return this.listening;
  }

  async open(): Promise<this> {
    this.listening = await serve(this.simulator, this.listensAs);
    return this;
  }

  /** `127.0.0.1:PORT`, as a user would type it. */
  get host(): string {
    const { tls, host = '127.0.0.1' } = this.listensAs;
    const name = host.includes(':') ? `[${host}]` : host;
    return `${tls === undefined ? '' : 'https://'}${name}:${this.server.port}`;
  }

  get hostInFiles(): string {
    return parseHost(this.host).fileName;
  }

  /** Runs `chbackup COMMAND HOST USER PASSWORD …`. */
  run(command: string, ...more: string[]): Promise<Result> {
    return this.start(command, ...more).done;
  }

  start(command: string, ...more: string[]): Running {
    return this.startRaw(this.argvOf(command, ...more));
  }

  /** Like `run`, but kills the program right after its n-th effect, or the first that matches. */
  async runKilled(
    lastEffect: number | RegExp,
    command: string,
    ...more: string[]
  ): Promise<{ killed: boolean; effects: string[]; result: Result }> {
    const killable = new KillableProcess(diskWithLocks(this.locks), lastEffect);
    const running = this.startRaw(this.argvOf(command, ...more), {
      disk: killable.disk,
      transport: (settings) => killable.transport(this.transport(settings)),
    });
    const result = await running.done;
    return { killed: killable.killed, effects: killable.effects, result };
  }

  /** Opens a run's transport: without sockets to this simulator, over HTTP to any other host. */
  readonly transport = (settings: Settings): Transport => {
    const { host, ...rest } = settings;
    const { network = false, tls } = this.listensAs;
    const isOurs = host.baseUrl === this.server.url;
    if (isAlwaysNetwork || network || tls !== undefined || !isOurs) {
      return createGotTransport({ ...rest, baseUrl: host.baseUrl });
    }
    return simulatorTransport(this.simulator, host.baseUrl, settings.credentials);
  };

  private argvOf(command: string, ...more: string[]): string[] {
    return [command, this.host, 'rlAPIuser', secret, ...more];
  }

  /** Runs `action` after `ms` of the clock, at whatever step the program is then. */
  later(ms: number, action: () => unknown): void {
    void this.clock.sleep(ms).then(() => this.clock.limit(Infinity, async () => action()));
  }

  /** Stops the clock until `action` is done. */
  hold(action: () => Promise<unknown>): void {
    void this.clock.limit(Infinity, action);
  }

  /** Runs `action` once, when a run enters that step. */
  when(step: Step, action: () => void): void {
    const before = this.onStep;
    let isDone = false;
    this.onStep = (entered) => {
      if (isDone || entered !== step) return before(entered);
      isDone = true;
      action();
    };
  }

  /** Holds the host's lock, so that no run gets it; returns a function that releases it. */
  holdLock(holder: string): () => void {
    const name = `.${this.hostInFiles}_lock`;
    const file = path.join(this.logDir, name);
    this.writeFile(name, holder);
    this.locks.set(file, holder);
    return () => this.locks.delete(file);
  }

  /** Runs with exactly these arguments. */
  startRaw(argv: string[], environment: Partial<Environment> = {}): Running {
    return this.launch(argv, {
      env: { CHBACKUP_LOG_DIR: this.logDir, ...this.env },
      transport: this.transport,
      onStep: (step) => this.onStep(step),
      ...this.environment,
      ...environment,
    });
  }

  get lastBackup(): string | undefined {
    return this.file(`.${this.hostInFiles}_last_backup`);
  }

  set lastBackup(text: string) {
    this.writeFile(`.${this.hostInFiles}_last_backup`, text);
  }

  get journal(): string | undefined {
    return this.file(`.${this.hostInFiles}_run.json`);
  }

  get log(): string {
    return this.file(`${this.hostInFiles}_backup_ch.log`) ?? '';
  }

  /** Returns the requests so far that match, as `GET /backup/list`. */
  requests(pattern = /./): string[] {
    return requestsTo(this.simulator, pattern);
  }

  /** Checks after every test that no secret leaked and no unknown route was requested. */
  check(): void {
    this.checkSecrets();
    expect(this.simulator.unknownRoutes).toEqual([]);
  }

  async close(): Promise<void> {
    await this.listening?.close();
    this.removeFolder();
  }
}

/** Tests use a harness with the newest server, or one that they create with `harnessOf`. */
export const test = base.extend<{
  harness: Harness;
  /** Like `harness`, but always over real HTTP, for tests about the network. */
  networkHarness: Harness;
  harnessOf: (options: Partial<SimulatorOptions>, listensAs?: Listening) => Promise<Harness>;
}>({
  harnessOf: async ({}, use) => {
    const made: Harness[] = [];
    await use(async (options, listensAs) => {
      const harness = await new Harness(options, listensAs).open();
      made.push(harness);
      return harness;
    });
    for (const harness of made) {
      harness.check();
      await harness.close();
    }
  },
  harness: async ({ harnessOf }, use) => {
    await use(await harnessOf({}));
  },
  networkHarness: async ({ harnessOf }, use) => {
    await use(await harnessOf({}, { network: true }));
  },
});
