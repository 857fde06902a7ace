import type * as z from 'zod/mini';
import { type Clock, TimeLimitError } from '../../time/clock.js';
import {
  ApiAuthError,
  ApiResponseError,
  ApiUnreachableError,
  OperationTimeoutError,
} from '../../errors.js';
import type { ClientObserver } from '../observer.js';
import { ResponseReader } from './response-reader.js';
import { isFromServer } from './error-response.js';
import { titleOfPage } from './page.js';
import { notNow } from './proxy-response.js';
import {
  type HttpAnswer,
  type HttpRequest,
  type Transport,
  TransportError,
} from '../../http/transport.js';

export const quickMs = 30_000;
/** Lists and deletes walk the remote storage before they answer. */
export const slowMs = 10 * 60_000;
/** While an operation of ours runs, a server that is silent for a while is not given up. */
const patienceAtWorkMs = 10 * 60_000;
const longestPauseMs = 5_000;

/** What a POST came to. */
export type PostResult =
  | { kind: 'answered'; answer: HttpAnswer }
  /** The request may have been carried out, but no answer came. */
  | { kind: 'lost'; why: string; afterMs: number };

/** How a GET is sent, and repeated while no answer comes. */
export interface GetOptions {
  /** A larger answer than this, in bytes, is not read to its end: `ApiUnreachableError`. */
  largestBytes?: number;
  /** Done before it is asked again; its own answers do not prolong the patience. */
  before?: (() => Promise<void>) | undefined;
  /** A server that accepts the request and stays silent is not asked again: `OperationTimeoutError`. */
  notWhenSilent?: boolean;
}

export interface ApiConnectionOptions {
  transport: Transport;
  clock: Clock;
  signal: AbortSignal;
  connectTimeoutMs: number;
  /** The host as typed, for messages. */
  label: string;
  observer: ClientObserver;
  redact: (text: string) => string;
}

/**
 * Requests and answers of one server: what is asked again, what is given up, and which error that
 * is. Knows nothing of backups.
 */
export class ApiConnection {
  /** An operation of ours is running on the server. */
  atWork = false;
  readonly responses: ResponseReader;
  /** The host as typed, for messages. */
  readonly label: string;
  private readonly options: ApiConnectionOptions;
  /** When the first request began that has had no answer, and none has come since. */
  private silentSinceMs: number | undefined;

  constructor(options: ApiConnectionOptions) {
    this.options = options;
    this.responses = new ResponseReader(options);
    this.label = options.label;
  }

  /** Asks until there is an answer, or none has come for the connect timeout. */
  async get(path: string, limitMs: number, options?: GetOptions): Promise<HttpAnswer> {
    return this.ask(path, limitMs, (answer) => answer, options);
  }

  /** As `get`. While an operation of ours runs, an answer that `read` refuses is no answer either. */
  private async ask<T>(
    path: string,
    limitMs: number,
    read: (answer: HttpAnswer) => T,
    { before, largestBytes, notWhenSilent = limitMs > quickMs }: GetOptions = {},
  ): Promise<T> {
    const { clock, label } = this.options;
    const size = largestBytes === undefined ? {} : { largestBytes };
    const request: HttpRequest = { method: 'GET', path, ...size };
    let silentMs = 0;
    for (let attempt = 0; ; attempt++) {
      const startMs = clock.elapsed();
      const result = await this.attempt(request, limitMs);
      const answer = result instanceof TransportError ? result : this.readAtWork(result, read);
      if (!(answer instanceof TransportError)) return answer;
      if (answer.cause instanceof TimeLimitError && !answer.details.neverSent && notWhenSilent) {
        throw new OperationTimeoutError(
          `${label} did not answer ${path} within ${limitMs / 60_000} minutes`,
          { hint: 'it may still be at work; check that ClickHouse and the remote storage answer' },
        );
      }
      await this.pauseOrGiveUp(path, answer, attempt, silentMs + clock.elapsed() - startMs);
      silentMs += clock.elapsed() - startMs;
      await before?.();
    }
  }

  /**
   * Asks once; asks again only while the request was never sent, or was refused by a proxy.
   * `wasDone`: the server has it all the same, because something on the way sent it twice.
   */
  async post(
    path: string,
    limitMs: number,
    body?: string,
    wasDone?: () => Promise<boolean>,
  ): Promise<PostResult> {
    let silentMs = 0;
    for (let attempt = 0; ; attempt++) {
      const startMs = this.options.clock.elapsed();
      const lost = (why: string): PostResult => {
        return { kind: 'lost', why, afterMs: this.options.clock.elapsed() - startMs };
      };
      const request: HttpRequest = { method: 'POST', path, ...(body !== undefined && { body }) };
      const result = await this.attempt(request, limitMs);
      if (!(result instanceof TransportError)) {
        if (isFromServer(result)) return { kind: 'answered', answer: result };
        const text = this.responses.errorText(result);
        return lost(`answered ${result.status}: ${text}`);
      }
      const { neverSent, refused = false } = result.details;
      if (!neverSent && !refused) return lost(result.message);
      await this.pauseOrGiveUp(
        path,
        result,
        attempt,
        silentMs + this.options.clock.elapsed() - startMs,
      );
      silentMs += this.options.clock.elapsed() - startMs;
      if (refused && (await wasDone?.())) return lost(`${result.message}, but already taken`);
    }
  }

  /** The lines of a 200 answer, each of one shape. */
  async getRows<T extends z.ZodMiniType>(
    path: string,
    limitMs: number,
    shape: T,
    options?: GetOptions,
  ): Promise<z.output<T>[]> {
    const read = (answer: HttpAnswer) => this.responses.rows(path, answer, shape);
    return this.ask(path, limitMs, read, options);
  }

  /** The server reads its configuration at nearly every request (§1): an edit must not end hours of work. */
  private readAtWork<T>(answer: HttpAnswer, read: (answer: HttpAnswer) => T): T | TransportError {
    try {
      return read(answer);
    } catch (error) {
      if (!this.atWork || !(error instanceof ApiResponseError)) throw error;
      return new TransportError(error.message, { neverSent: false, cause: error });
    }
  }

  private async attempt(
    request: HttpRequest,
    limitMs: number,
  ): Promise<HttpAnswer | TransportError> {
    const { clock, transport, observer, signal, label } = this.options;
    const startMs = clock.elapsed();
    const line = `${request.method} ${request.path}`;
    try {
      const answer = await clock.limit(limitMs, (limited) => transport(request, limited), signal);
      const tookMs = Math.round(clock.elapsed() - startMs);
      const proxyError = notNow(answer, clock.now());
      const says = answer.status < 500 && proxyError === undefined;
      observer.requested(`${line} → ${answer.status} in ${tookMs} ms`, says);
      if (proxyError !== undefined) {
        this.silentSinceMs ??= startMs;
        return proxyError;
      }
      this.silentSinceMs = undefined;
      if (answer.status === 401 || answer.status === 403) {
        throw new ApiAuthError(`${label} refused the credentials (${answer.status})`, {
          hint:
            titleOfPage(answer.body) === undefined
              ? "check user and password against api.username and api.password in clickhouse-backup's configuration"
              : 'the answer is from a proxy in front of clickhouse-backup; check that the proxy accepts user and password',
        });
      }
      return answer;
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      this.silentSinceMs ??= startMs;
      observer.requested(`${line} → ${error.message}`, false);
      if (error.details.permanent) throw this.unreachable(error);
      return error;
    }
  }

  private async pauseOrGiveUp(
    path: string,
    error: TransportError,
    attempt: number,
    silentMs: number,
  ): Promise<void> {
    const { clock, connectTimeoutMs, observer, signal } = this.options;
    const patienceMs = this.atWork
      ? Math.max(connectTimeoutMs, patienceAtWorkMs)
      : connectTimeoutMs;
    const nowMs = clock.elapsed();
    const leftMs = patienceMs - Math.max(silentMs, nowMs - (this.silentSinceMs ?? nowMs));
    if (leftMs <= 0)
      throw error.cause instanceof ApiResponseError ? error.cause : this.unreachable(error);
    observer.unanswered(path, error.message);
    const pauseMs = Math.min(500 * 2 ** attempt, longestPauseMs);
    await clock.sleep(Math.min(Math.max(pauseMs, error.details.retryAfterMs ?? 0), leftMs), signal);
  }

  private unreachable(error: TransportError): ApiUnreachableError {
    const { predicate, hint } = error.details;
    const says = predicate ?? `does not answer: ${this.responses.sanitize(error.message)}`;
    return new ApiUnreachableError(`${this.options.label} ${says}`, {
      hint: hint ?? 'check that clickhouse-backup server runs there and that the port is open',
      cause: error,
    });
  }
}
