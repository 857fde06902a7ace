import { type Clock, TimeLimitError } from '../../time/clock.js';
import { retryPauseMs } from '../../time/intervals.js';
import { ResponseError, UnreachableError } from '../../errors.js';
import type { TransportError } from '../../http/transport.js';
import { quickMs } from '../limits.js';
import type { ClientObserver } from '../observer.js';

/** The shortest time after which a silent server is given up while our operation is in progress. */
const patienceWhileWorkingMs = 10 * 60_000;

/** How often a request to an address that is probably wrong is repeated: a resolver may fail once. */
const retriesOfWrongAddress = 3;

/** The least time that a request gets, however short the connect timeout is. */
const leastLimitMs = 1000;

/** The rest of the connect timeout that is not worth another attempt; timers are not exact. */
const negligibleMs = 100;

/** A host that was not reached by an earlier run either. */
export interface NewHost {
  /** How messages name it until its name has been resolved. */
  label: string;
  /** What the hint adds; undefined for nothing. */
  advice: string | undefined;
}

export interface PatienceOptions {
  clock: Clock;
  signal: AbortSignal;
  connectTimeoutMs: number;
  /** The host as typed, for messages. */
  label: string;
  /** undefined for a known host: a name that cannot be resolved now is looked up again. */
  newHost: NewHost | undefined;
  observer: ClientObserver;
  sanitize: (text: string) => string;
}

/** Decides how long a response is waited for, and how long requests to a silent server are repeated. */
export class Patience {
  /** True while an operation of this run is in progress on the server. */
  isWorking = false;
  private readonly options: PatienceOptions;
  /** The time since which no response has come; undefined if the last request got one. */
  private silentSinceMs: number | undefined;
  /** True once the host name was resolved, in this run or in an earlier one. */
  private isResolved: boolean;
  /** True once the server has responded in this run. */
  private hasAnswered = false;
  private wrongAddresses = 0;

  constructor(options: PatienceOptions) {
    this.options = options;
    this.isResolved = options.newHost === undefined;
  }

  /** Records that a response came. */
  answered(): void {
    this.silentSinceMs = undefined;
    this.hasAnswered = true;
    this.resolved();
  }

  /** Records that the request sent at `startMs` got no response. */
  silent(startMs: number, { details }: TransportError): void {
    this.silentSinceMs ??= startMs;
    if (details.unresolved !== true) this.resolved();
  }

  /**
   * Returns how long to wait for a response. Until the server has responded in this run, a request gets
   * no more than what is left of the connect timeout, or half of it if `isHalf` is set, so that a second
   * request can find out why the first one got no response.
   */
  limitMs(wantedMs: number, isHalf: boolean): number {
    if (this.hasAnswered) return wantedMs;
    const { clock, connectTimeoutMs } = this.options;
    const nowMs = clock.elapsed();
    const leftMs = connectTimeoutMs - (nowMs - (this.silentSinceMs ?? nowMs));
    const shareMs = Math.round((isHalf ? leftMs / 2 : leftMs) / negligibleMs) * negligibleMs;
    return Math.min(wantedMs, Math.max(leastLimitMs, shareMs));
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
    const isWrong = this.isAddressWrong(error);
    this.wrongAddresses = isWrong ? this.wrongAddresses + 1 : 0;
    if (leftMs < negligibleMs || this.wrongAddresses > retriesOfWrongAddress) {
      throw error.cause instanceof ResponseError ? error.cause : this.unreachable(error);
    }
    if (!isWrong) observer.unanswered(path, error.message);
    const pauseMs = Math.max(retryPauseMs(attempt), error.details.retryAfterMs ?? 0);
    await clock.sleep(Math.min(pauseMs, leftMs), signal);
  }

  /** Returns the final error of a server that does not respond. */
  unreachable(error: TransportError): UnreachableError {
    const { sanitize, newHost } = this.options;
    const { firstHint, hint = defaultHint, predicate } = error.details;
    const wasRight = error.details.unresolved === true ? this.isResolved : this.hasAnswered;
    const unresolved = this.isResolved ? undefined : newHost;
    const { label, advice } = unresolved ?? { label: this.options.label, advice: undefined };
    const hints = [
      wasRight ? hint : (firstHint ?? hint),
      ...(advice === undefined ? [] : [advice]),
    ];
    return new UnreachableError(
      `${label} ${predicate ?? `does not answer: ${sanitize(this.reasonOf(error))}`}`,
      { hint: hints.join('; '), cause: error, isMisconfigured: this.isMisconfigured(error) },
    );
  }

  /** A host name that is not found may be that of a pod that is down. */
  private isMisconfigured(error: TransportError): boolean {
    const { permanent = false, unresolved = false } = error.details;
    return permanent || (!unresolved && this.isAddressWrong(error));
  }

  /** Returns the error's text; if a short connect timeout has limited the requests, names that time. */
  private reasonOf({ cause, message }: TransportError): string {
    const { connectTimeoutMs } = this.options;
    const isLimited = !this.hasAnswered && connectTimeoutMs < quickMs;
    if (!isLimited || !(cause instanceof TimeLimitError) || message !== cause.message) {
      return message;
    }
    return new TimeLimitError(Math.max(cause.ms, connectTimeoutMs)).message;
  }

  private resolved(): void {
    if (this.isResolved) return;
    this.isResolved = true;
    this.options.observer.hostResolved();
  }

  /** Returns false for an address that was right before. */
  private isAddressWrong({ details }: TransportError): boolean {
    if (details.wrongAddress !== true) return false;
    return details.unresolved === true ? !this.isResolved : !this.hasAnswered;
  }
}

const defaultHint =
  'check that clickhouse-backup server is running there and that the port is open';
