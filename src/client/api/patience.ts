import type { Clock } from '../../time/clock.js';
import { retryPauseMs } from '../../time/intervals.js';
import { ResponseError, UnreachableError } from '../../errors.js';
import type { TransportError } from '../../http/transport.js';
import type { ClientObserver } from '../observer.js';

/** The shortest time after which a silent server is given up while our operation is in progress. */
const patienceWhileWorkingMs = 10 * 60_000;

export interface PatienceOptions {
  clock: Clock;
  signal: AbortSignal;
  connectTimeoutMs: number;
  /** The host as typed, for messages. */
  label: string;
  observer: ClientObserver;
  sanitize: (text: string) => string;
}

/** Decides how long requests to a silent server are repeated. */
export class Patience {
  /** True while an operation of this run is in progress on the server. */
  isWorking = false;
  private readonly options: PatienceOptions;
  /** The time since which no response has come; undefined if the last request got one. */
  private silentSinceMs: number | undefined;

  constructor(options: PatienceOptions) {
    this.options = options;
  }

  /** Records that a response came. */
  answered(): void {
    this.silentSinceMs = undefined;
  }

  /** Records that the request sent at `startMs` got no response. */
  silent(startMs: number): void {
    this.silentSinceMs ??= startMs;
  }

  /**
   * Waits before the next attempt; `attempt` counts from 0. `silentMs` is how long this request has
   * been tried. Throws `UnreachableError`, or the unreadable response, once the time is up.
   */
  async pauseOrGiveUp(
    path: string,
    error: TransportError,
    attempt: number,
    silentMs: number,
  ): Promise<void> {
    const { clock, connectTimeoutMs, observer, signal } = this.options;
    const patienceMs = this.isWorking
      ? Math.max(connectTimeoutMs, patienceWhileWorkingMs)
      : connectTimeoutMs;
    const nowMs = clock.elapsed();
    const leftMs = patienceMs - Math.max(silentMs, nowMs - (this.silentSinceMs ?? nowMs));
    if (leftMs <= 0) {
      throw error.cause instanceof ResponseError ? error.cause : this.unreachable(error);
    }
    observer.unanswered(path, error.message);
    const pauseMs = Math.max(retryPauseMs(attempt), error.details.retryAfterMs ?? 0);
    await clock.sleep(Math.min(pauseMs, leftMs), signal);
  }

  /** Returns the final error of a server that does not respond. */
  unreachable(error: TransportError): UnreachableError {
    const { label, sanitize } = this.options;
    const { predicate, hint } = error.details;
    return new UnreachableError(
      `${label} ${predicate ?? `does not answer: ${sanitize(error.message)}`}`,
      {
        hint:
          hint ?? 'check that clickhouse-backup server is running there and that the port is open',
        cause: error,
      },
    );
  }
}
