import { main } from '../../src/main.js';
import type { Transport } from '../../src/http/transport.js';
import type { SimulatedBackup } from '../simulator/simulator.js';
import { KillableProcess } from '../support/killable-process.js';
import { CapturedStream, typedInput } from '../support/streams.js';
import { checkEnd } from './check-ends.js';
import { watchFiles } from './check-files.js';
import { addEarlierBackups } from './earlier-backups.js';
import { emptyLogDirectory, endOutage, injectFault, type FaultContext } from './inject-fault.js';
import { ScheduleRecord, logDir } from './schedule-record.js';
import { argumentsOf, newRecord, type RunRecord } from './run-record.js';
import { makeHost, type ScenarioHost } from './scenario-host.js';
import type { Fault, RequestFault, RunStep, Script } from './script.js';
import { secret } from './secret.js';
import { backupRead } from './table-reads.js';
import { Time } from './time.js';
import { watchedTransport } from './watched-transport.js';
import { sendWithFault, directTransport } from './request-faults.js';

export interface ScenarioOptions {
  /** Receives a line for everything that happens. */
  trace?: ((line: string) => void) | undefined;
  onEnd?: (run: RunRecord, code: number) => void;
  /** Opens the transport to a server; by default one without sockets. */
  transportOf?: (host: ScenarioHost, password: string, time: Time) => Transport;
}

const containerStartMs = 1500;

/** Servers, a log directory and programs, all in one process and with one clock. */
export class Scenario {
  readonly time = new Time();
  readonly schedule = new ScheduleRecord(watchFiles);
  readonly hosts: ScenarioHost[];
  private readonly context: FaultContext;
  private readonly ended = new AbortController();
  private readonly options: ScenarioOptions;
  private running: Promise<unknown>[] = [];
  private lastTraced = '';

  constructor({ hosts, sharedStorage }: Script, options: ScenarioOptions = {}) {
    const remote = sharedStorage ? new Map<string, SimulatedBackup>() : undefined;
    this.hosts = hosts.map((setup, at) => makeHost(at, setup, this.time, remote));
    this.options = options;
    for (const host of this.hosts) addEarlierBackups(host, this.schedule, this.time);
    this.context = {
      time: this.time,
      schedule: this.schedule,
      later: (ms, action) => this.later(ms, action),
      made: { count: 0 },
    };
  }

  /** Starts afresh, as a new container does: without files, and not in the same second. */
  async loseFiles(): Promise<void> {
    await this.time.clock.sleep(containerStartMs);
    emptyLogDirectory(this.schedule, this.time);
  }

  host(at: number): ScenarioHost {
    const host = this.hosts[at % this.hosts.length];
    if (host === undefined) throw new Error('a scenario needs a host');
    return host;
  }

  injectFault(fault: Fault, host: ScenarioHost): void {
    this.trace(`${host.name}: ${JSON.stringify(fault)}`);
    injectFault(fault, host, this.context);
  }

  /** Ends all faults; running operations continue. */
  liftFaults(): void {
    for (const host of this.hosts) {
      endOutage(host, this.time.elapsedMs);
      host.simulator.clearFaults();
    }
    this.schedule.folder.full = undefined;
    this.schedule.folder.refused.clear();
    this.schedule.folder.refusesLocks = false;
  }

  /** Waits until the runs in the background have ended. */
  async rest(): Promise<void> {
    await this.time.wait(Promise.all(this.running));
    this.running = [];
  }

  end(): void {
    this.ended.abort(new Error('the schedule has ended'));
  }

  /** Starts a program; returns its record and a promise of its exit code. */
  start(step: RunStep): { run: RunRecord; done: Promise<number> } {
    const { schedule, time } = this;
    const id = schedule.runs.size + 1;
    const run = newRecord(id, this.host(step.host), step, {
      startMs: time.elapsedMs,
      startWallMs: time.clock.now(),
    });
    schedule.runs.set(id, run);
    const done = time.act(() => this.runToEnd(run));
    this.running.push(done);
    return { run, done };
  }

  private async runToEnd(run: RunRecord): Promise<number> {
    const { schedule, time } = this;
    const { step, id, host } = run;
    this.trace(`run ${id}: ${host.name} ${step.command}`);
    const killable = new KillableProcess(schedule.folder.diskOf(id), step.killAfter || Infinity);
    run.effects = killable.effects;
    const listeners = new Set<(name: 'SIGTERM') => void>();
    const runEnd = new AbortController();
    if (step.signalAfterMs >= 0) {
      this.later(
        step.signalAfterMs,
        () => {
          run.signalledMs = time.elapsedMs;
          for (const listener of listeners) listener('SIGTERM');
        },
        runEnd.signal,
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
      clock: time.programClock(),
      onSignal(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      setTitle: (title) => titles.push(title),
      disk: killable.disk,
      transport: () => killable.transport(watchedTransport(this, run, this.transportFor(run))),
    });
    runEnd.abort(new Error('the run has ended'));
    run.killed = killable.killed;
    this.trace(`run ${id}: ${run.killed ? 'killed' : `exit ${code}`}\n${stderr.text}`);
    const output = { stdout: stdout.text, stderr: stderr.text, titles };
    checkEnd(schedule, run, { code, ...output, endMs: time.elapsedMs, wallMs: time.clock.now() });
    this.options.onEnd?.(run, code);
    return code;
  }

  /** Returns the transport for a run's requests to its server, with their scripted faults. */
  private transportFor(run: RunRecord): Transport {
    const { time } = this;
    const { step, host } = run;
    const password = step.password === 'right' ? secret : `not ${secret}`;
    const open = this.options.transportOf ?? directTransport;
    const transport = open(host, password, time);
    const send: Transport = (request, signal) => {
      // Servers that share a path must see what the others have finished.
      for (const { simulator } of this.hosts) simulator.finishDueWork();
      return transport(request, signal);
    };
    return async (request, signal) => {
      const isRead = backupRead(request.path) !== undefined;
      const reads = run.sent.filter(({ path }) => backupRead(path) !== undefined).length;
      const troubles = step.troubles.filter((trouble) =>
        trouble.among === undefined
          ? trouble.request === run.sent.length
          : isRead && trouble.request === reads,
      );
      for (const { what, afterMs = 0 } of troubles) {
        if (what.kind !== 'fault') continue;
        if (afterMs === 0) this.injectFault(what.fault, host);
        else this.later(afterMs, () => this.injectFault(what.fault, host));
      }
      const fault = troubles.map(({ what }) => what).find((what) => what.kind !== 'fault');
      try {
        const answer = await (fault === undefined
          ? send(request, signal)
          : sendWithFault(withSentPassword(password, fault), request, {
              send,
              signal,
              time,
              onDoneButRefused() {
                run.doneButRefused.add(request.path);
                run.everDoneButRefused.add(request.path);
              },
            }));
        this.traceRequest(run, `${request.method} ${request.path} → ${answer.status}`, fault);
        return answer;
      } catch (error) {
        this.traceRequest(run, `${request.method} ${request.path} → ${String(error)}`, fault);
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

  private trace(line: string): void {
    this.options.trace?.(`${new Date(this.time.elapsedMs).toISOString().slice(8, 23)} ${line}`);
  }

  private traceRequest(run: RunRecord, line: string, fault: unknown): void {
    const text = `${run.id} ${line}`;
    const isPollAgain = fault === undefined && this.lastTraced === text;
    this.lastTraced = text;
    if (isPollAgain) return;
    const what = fault === undefined ? '' : ` (${JSON.stringify(fault)})`;
    this.trace(`run ${run.id} #${run.sent.length}: ${line}${what}`);
  }
}

/** Replaces the secret in an error by the password that was sent: a server knows no other. */
function withSentPassword(password: string, fault: RequestFault): RequestFault {
  if (fault.kind !== 'error') return fault;
  return { ...fault, text: fault.text.replace(secret, () => password) };
}
