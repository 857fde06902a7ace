import { main } from '../../src/main.js';
import type { Transport } from '../../src/http/transport.js';
import type { SimulatedBackup } from '../simulator/simulator.js';
import { Mortal } from '../support/kill.js';
import { CapturedStream, typedInput } from '../support/streams.js';
import { checkEnd } from './check-ends.js';
import { watchFiles } from './check-files.js';
import { addPrior } from './prior.js';
import { inflict, type Stage } from './inflict.js';
import { Ledger, logDir } from './ledger.js';
import { argumentsOf, newRecord, type RunRecord } from './run-record.js';
import { makeHost, type SceneHost } from './scene-host.js';
import type { Fault, RequestFault, RunStep, Script } from './script.js';
import { secret } from './secret.js';
import { Time } from './time.js';
import { watchedTransport } from './watched-transport.js';
import { carryFaulty, directTransport } from './wire.js';

export interface SceneOptions {
  /** Hears all that happens. */
  trace?: ((line: string) => void) | undefined;
  onEnd?: (run: RunRecord, code: number) => void;
  /** How requests get to a server; by default without sockets. */
  transportOf?: (host: SceneHost, password: string, time: Time) => Transport;
}

/** Servers, a log directory and programs, all in one process and one time. */
export class Scene {
  readonly time = new Time();
  readonly ledger = new Ledger(watchFiles);
  readonly hosts: SceneHost[];
  private readonly stage: Stage;
  private readonly ended = new AbortController();
  private readonly options: SceneOptions;
  private running: Promise<unknown>[] = [];
  private lastTold = '';

  constructor({ hosts, sharedStorage }: Script, options: SceneOptions = {}) {
    const remote = sharedStorage ? new Map<string, SimulatedBackup>() : undefined;
    this.hosts = hosts.map((setup, at) => makeHost(at, setup, this.time, remote));
    this.options = options;
    for (const host of this.hosts) addPrior(host, this.ledger, this.time);
    this.stage = {
      time: this.time,
      ledger: this.ledger,
      later: (ms, action) => this.later(ms, action),
      made: { count: 0 },
    };
  }

  host(at: number): SceneHost {
    const host = this.hosts[at % this.hosts.length];
    if (host === undefined) throw new Error('a scene needs a host');
    return host;
  }

  inflict(fault: Fault, host: SceneHost): void {
    this.tell(`${host.name}: ${JSON.stringify(fault)}`);
    inflict(fault, host, this.stage);
  }

  /** Everything is well again; what was begun goes on. */
  liftFaults(): void {
    for (const { simulator } of this.hosts) simulator.clearFaults();
    this.ledger.folder.full = undefined;
    this.ledger.folder.refusesLocks = false;
  }

  /** Waits for the runs in the background, then for whatever servers still do. */
  async rest(): Promise<void> {
    await this.time.wait(Promise.all(this.running));
    this.running = [];
  }

  end(): void {
    this.ended.abort(new Error('the schedule has ended'));
  }

  /** Starts a program; gives back its record and its exit code, as a promise. */
  start(step: RunStep): { run: RunRecord; done: Promise<number> } {
    const { ledger, time } = this;
    const id = ledger.runs.size + 1;
    const run = newRecord(id, this.host(step.host), step, time.elapsedMs);
    ledger.runs.set(id, run);
    const done = time.act(() => this.runToEnd(run));
    this.running.push(done);
    return { run, done };
  }

  private async runToEnd(run: RunRecord): Promise<number> {
    const { ledger, time } = this;
    const { step, id, host } = run;
    this.tell(`run ${id}: ${host.name} ${step.command}`);
    const mortal = new Mortal(ledger.folder.diskOf(id), step.killAfter || Infinity);
    run.effects = mortal.effects;
    const listeners = new Set<(name: 'SIGTERM') => void>();
    const gone = new AbortController();
    if (step.signalAfterMs >= 0) {
      this.later(
        step.signalAfterMs,
        () => {
          run.signalledMs = time.elapsedMs;
          for (const listener of listeners) listener('SIGTERM');
        },
        gone.signal,
      );
    }
    const stdout = new CapturedStream();
    const stderr = new CapturedStream();
    const titles: string[] = [];
    const code = await main({
      argv: argumentsOf(run),
      env: { CHBACKUP_LOG_DIR: logDir },
      cwd: '/nowhere',
      stdin: typedInput(),
      stdout,
      stderr,
      clock: time.clock,
      onSignal(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      setTitle: (title) => titles.push(title),
      disk: mortal.disk,
      transport: () => mortal.transport(watchedTransport(this, run, this.wire(run))),
    });
    gone.abort(new Error('it has ended'));
    run.killed = mortal.dead;
    this.tell(`run ${id}: ${run.killed ? 'killed' : `exit ${code}`}\n${stderr.text}`);
    const output = { stdout: stdout.text, stderr: stderr.text, titles };
    checkEnd(ledger, run, { code, ...output, endMs: time.elapsedMs });
    this.options.onEnd?.(run, code);
    return code;
  }

  /** The way of a run's requests to its server, with the troubles that befall them. */
  private wire(run: RunRecord): Transport {
    const { time } = this;
    const { step, host } = run;
    const password = step.password === 'right' ? secret : `not ${secret}`;
    const open = this.options.transportOf ?? directTransport;
    const real = open(host, password, time);
    const settled: Transport = (request, signal) => {
      // Servers of one path see what the others have finished.
      for (const { simulator } of this.hosts) simulator.settle();
      return real(request, signal);
    };
    return async (request, signal) => {
      const at = run.sent.length;
      const troubles = step.troubles.filter((trouble) => trouble.request === at);
      for (const { what } of troubles) {
        if (what.kind === 'fault') this.inflict(what.fault, host);
      }
      const fault = troubles.map(({ what }) => what).find((what) => what.kind !== 'fault');
      try {
        const answer = await (fault === undefined
          ? settled(request, signal)
          : carryFaulty(heardBy(password, fault), request, {
              real: settled,
              signal,
              time,
              onDoneUnheard() {
                run.doneUnheard.add(request.path);
                run.onceUnheard.add(request.path);
              },
            }));
        this.tellRequest(run, `${request.method} ${request.path} → ${answer.status}`, fault);
        return answer;
      } catch (error) {
        this.tellRequest(run, `${request.method} ${request.path} → ${String(error)}`, fault);
        throw error;
      }
    };
  }

  private later(ms: number, action: () => unknown, until?: AbortSignal): void {
    const signals = [this.ended.signal, ...(until ? [until] : [])];
    const { time } = this;
    void time
      .act(async () => {
        await time.server.sleep(ms, AbortSignal.any(signals));
        await action();
      })
      .catch((error: unknown) => {
        if (!signals.some((signal) => signal.aborted)) throw error;
      });
  }

  private tell(line: string): void {
    this.options.trace?.(`${new Date(this.time.elapsedMs).toISOString().slice(8, 23)} ${line}`);
  }

  private tellRequest(run: RunRecord, line: string, fault: unknown): void {
    const told = `${run.id} ${line}`;
    const isPollAgain = fault === undefined && this.lastTold === told;
    this.lastTold = told;
    if (isPollAgain) return;
    const what = fault === undefined ? '' : ` (${JSON.stringify(fault)})`;
    this.tell(`run ${run.id} #${run.sent.length}: ${line}${what}`);
  }
}

/** A server can repeat only the password that it was given. */
function heardBy(password: string, fault: RequestFault): RequestFault {
  if (fault.kind !== 'error') return fault;
  return { ...fault, text: fault.text.replace(secret, () => password) };
}
