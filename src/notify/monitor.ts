import { setMaxListeners } from 'node:events';
import { badnessOf } from '../backup/check-result.js';
import type { Transport } from '../http/transport.js';
import type { Status } from '../state/status.js';
import { oneLine } from '../text.js';
import { type Clock, secondsOf } from '../time/clock.js';
import type { CheckFindings } from './check-metrics.js';
import { LastLines } from './last-lines.js';
import { afterEndMs, afterSignalMs, lastMomentMs } from './limits.js';
import type { MetricsFolder } from './metrics-folder.js';
import { addressOf, namesShard, type PingAddress } from './ping-address.js';
import { Pinger } from './pinger.js';
import { reasonOf } from './reason.js';

export interface MonitorOptions {
  command: string;
  /** undefined: no pings. */
  pingUrl: string | undefined;
  /** undefined: no metrics files. */
  folder: MetricsFolder | undefined;
  openTransport: (address: PingAddress) => Transport;
  clock: Clock;
  /** Aborted on SIGINT and SIGTERM. */
  signal: AbortSignal;
  /** Removes the secrets from a text. */
  redact: (text: string) => string;
}

/** A shard whose part of a command is watched. */
export interface WatchedShard {
  /** HOST as in file names. */
  name: string;
  /** False as long as the host may be a password in the wrong place: it is not sent or written then. */
  isShown: () => boolean;
  /** The status file; undefined if there is none or it cannot be read. */
  readStatus: () => Status | undefined;
}

/** What monitoring did not get. */
export interface MonitoringFailure {
  what: 'start ping' | 'final ping' | 'metrics file';
  /** undefined: of the whole command. */
  shard: string | undefined;
  reason: string;
}

/** Receives how the part of a command on one shard ends. */
export interface ShardWatch {
  /** The output that the shard's ping shows. */
  readonly lines: LastLines;
  /** Keeps what `check` found out, for the metrics file and the ping. */
  checked(result: CheckFindings): void;
  /** Sends and writes how the part ended, beside the others. */
  end(exitCode: number): void;
}

/**
 * Sends the pings and writes the metrics files of one command. None of it fails the command or holds it up
 * for long: see `limits.ts`.
 */
export class Monitor {
  /** The output of the whole command. */
  readonly lines = new LastLines();
  private readonly options: MonitorOptions;
  private readonly failures: MonitoringFailure[] = [];
  private readonly results: { shard: WatchedShard; found: CheckFindings }[] = [];
  private readonly pending = new Map<Promise<void>, Omit<MonitoringFailure, 'reason'>>();
  private readonly givenUp = new AbortController();
  private readonly startedAt: Date;
  private readonly startMs: number;
  private readonly pinger: Pinger | undefined;

  constructor(options: MonitorOptions) {
    const { clock, pingUrl = '' } = options;
    this.options = options;
    // Each ping of each shard listens to it; Node would warn of a leak.
    setMaxListeners(0, this.givenUp.signal);
    this.startedAt = new Date(clock.now());
    this.startMs = clock.elapsed();
    // One ping for the whole command, unless each shard has its own.
    this.pinger = namesShard(pingUrl) ? undefined : this.startPinger(undefined);
  }

  watch(shard: WatchedShard): ShardWatch {
    const { pingUrl = '' } = this.options;
    const lines = new LastLines();
    // A host that is not shown yet gets no start ping.
    const first = namesShard(pingUrl) && shard.isShown() ? this.startPinger(shard.name) : undefined;
    let result: CheckFindings | undefined;
    return {
      lines,
      checked: (found) => {
        result = found;
        this.results.push({ shard, found });
        for (const line of linesOf(found)) lines.add(line);
      },
      end: (ofWork) => {
        if (!shard.isShown()) return;
        // A check that was done may have found something.
        const exitCode = ofWork === 0 ? (result?.exitCode ?? 0) : ofWork;
        const pinger = first ?? (namesShard(pingUrl) ? this.openPinger(shard.name) : undefined);
        if (pinger !== undefined) this.ping(pinger, shard.name, exitCode, lines);
        this.writeMetrics(shard, exitCode, result);
      },
    };
  }

  /** Sends the rest, waits for all and returns what failed. Never rejects. */
  async finish(exitCode: number): Promise<readonly MonitoringFailure[]> {
    this.addResults();
    if (this.pinger !== undefined) this.ping(this.pinger, undefined, exitCode, this.lines);
    await this.waitForAll();
    for (const unfinished of this.pending.values()) {
      this.failures.push({ ...unfinished, reason: 'no answer in time' });
    }
    this.pending.clear();
    return this.failures;
  }

  /** Adds the results of all shards, the worst last: of many shards, only the last lines are sent. */
  private addResults(): void {
    const worstLast = this.results.toSorted(
      (one, other) => badnessOf(one.found.checks) - badnessOf(other.found.checks),
    );
    for (const { shard, found } of worstLast) {
      const named = shard.isShown() ? `${shard.name} ` : '';
      for (const line of linesOf(found)) this.lines.add(`${named}${line}`);
    }
  }

  private async waitForAll(): Promise<void> {
    const { clock, signal } = this.options;
    const done = new AbortController();
    void Promise.all(this.pending.keys()).then(() => done.abort());
    const endMs = clock.elapsed() + afterEndMs - lastMomentMs;
    const pause = (ms: number, ...until: AbortSignal[]) =>
      clock.sleep(ms, AbortSignal.any([done.signal, ...until])).catch(() => undefined);
    await pause(endMs - clock.elapsed(), signal);
    if (signal.aborted) {
      await pause(Math.min(afterSignalMs - lastMomentMs, endMs - clock.elapsed()));
    }
    this.givenUp.abort();
    // What can be given up says what was wrong.
    await pause(lastMomentMs);
  }

  private ping(
    pinger: Pinger,
    shard: string | undefined,
    exitCode: number,
    lines: LastLines,
  ): void {
    const text = lines.text(this.options.redact);
    this.track({ what: 'final ping', shard }, () => pinger.end(exitCode, text));
  }

  private writeMetrics(
    { name: shard, readStatus }: WatchedShard,
    exitCode: number,
    checked: CheckFindings | undefined,
  ): void {
    const { clock, command, folder } = this.options;
    if (folder === undefined) return;
    const finishedAt = new Date(clock.now());
    const seconds = secondsOf(clock.elapsed() - this.startMs);
    const end = { command, shard, startedAt: this.startedAt, finishedAt, seconds, exitCode };
    const write = async () => {
      const { writeMetrics } = await import('./write-metrics.js');
      await writeMetrics(folder, end, readStatus, checked);
    };
    const { signal } = this.givenUp;
    this.track({ what: 'metrics file', shard }, () => clock.limit(afterEndMs, write, signal));
  }

  private startPinger(shard: string | undefined): Pinger | undefined {
    const pinger = this.openPinger(shard);
    pinger?.start();
    return pinger;
  }

  private openPinger(shard: string | undefined): Pinger | undefined {
    const { clock, command, openTransport, pingUrl } = this.options;
    if (pingUrl === undefined) return undefined;
    const address = addressOf(pingUrl, { command, shard });
    const host = new URL(address.baseUrl).hostname;
    return new Pinger({
      address,
      transport: openTransport(address),
      clock,
      signal: this.givenUp.signal,
      onFailure: (what, reason) => {
        // Reasons of TLS name the host.
        this.failures.push({ what, shard, reason: reason.replaceAll(host, '***') });
      },
    });
  }

  /** Does a part of the work beside the others. */
  private track(what: Omit<MonitoringFailure, 'reason'>, work: () => Promise<void>): void {
    const tracked = work().then(
      () => void this.pending.delete(tracked),
      (error: unknown) => {
        if (this.pending.delete(tracked)) {
          this.failures.push({ ...what, reason: reasonOf(error) });
        }
      },
    );
    this.pending.set(tracked, what);
  }
}

function linesOf({ checks }: CheckFindings): string[] {
  return checks.map(({ name, status, text }) => `${status} ${name}: ${oneLine(text)}`);
}
