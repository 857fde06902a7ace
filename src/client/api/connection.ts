import type * as z from 'zod/mini';
import { type Clock, TimeLimitError } from '../../time/clock.js';
import { ResponseError, OperationTimeoutError } from '../../errors.js';
import {
  type HttpAnswer,
  type HttpRequest,
  type Transport,
  TransportError,
} from '../../http/transport.js';
import { quickMs } from '../limits.js';
import type { ClientObserver } from '../observer.js';
import { isFromServer } from './error-response.js';
import { Patience, type NewHost } from './patience.js';
import { notNow } from './proxy-response.js';
import { ResponseReader } from './response-reader.js';
import { type GivenCredentials, unauthorized } from './unauthorized.js';

/** The result of a POST. */
export type PostResult =
  | { kind: 'answered'; answer: HttpAnswer }
  /** The request may have been carried out, but no response came. */
  | { kind: 'lost'; reason: string; afterMs: number };

/** Options for a GET, which is repeated until a response comes. */
export interface GetOptions {
  /** The size limit of the response, in bytes; a larger one leads to `UnreachableError`. */
  largestBytes?: number;
  /** Runs before each retry. Responses to its own requests do not extend the time for retries. */
  before?: (() => Promise<void>) | undefined;
  /**
   * Throws `OperationTimeoutError`, without a retry, if the server accepts the request but is silent.
   * The first request of a run then gets half of the connect timeout at most.
   */
  notWhenSilent?: boolean;
}

export interface ApiConnectionOptions {
  transport: Transport;
  clock: Clock;
  signal: AbortSignal;
  connectTimeoutMs: number;
  /** The host as typed, for messages. */
  label: string;
  newHost: NewHost | undefined;
  credentials: GivenCredentials;
  observer: ClientObserver;
  redact: (text: string) => string;
}

/**
 * Sends requests to one server, decides which are sent again, and which error ends them. Does not depend
 * on anything about backups.
 */
export class ApiConnection {
  readonly responses: ResponseReader;
  /** The host as typed, for messages. */
  readonly label: string;
  /** True once a POST may have reached the server. */
  mayHavePosted = false;
  private readonly options: ApiConnectionOptions;
  private readonly patience: Patience;

  constructor(options: ApiConnectionOptions) {
    this.options = options;
    this.responses = new ResponseReader(options);
    this.label = options.label;
    const sanitize = (text: string) => this.responses.sanitize(text);
    this.patience = new Patience({ ...options, sanitize });
  }

  /** Does `work` with the longer patience for an operation of this run in progress on the server. */
  async whileWorking<T>(work: () => Promise<T>): Promise<T> {
    this.patience.isWorking = true;
    try {
      return await work();
    } finally {
      this.patience.isWorking = false;
    }
  }

  /** Sends a GET until a response comes. Throws `UnreachableError` after the connect timeout. */
  async get(path: string, limitMs: number, options?: GetOptions): Promise<HttpAnswer> {
    return this.ask(path, limitMs, (answer) => answer, options);
  }

  /** Like `get`, but an error of a proxy counts as no response: it shows nothing about the server. */
  async getFromServer(path: string, limitMs: number): Promise<HttpAnswer> {
    return this.ask(path, limitMs, (answer) => {
      if (isFromServer(answer)) return answer;
      const cause = this.responses.refusal(path, answer);
      throw new TransportError(`answered ${answer.status}`, { neverSent: false, cause });
    });
  }

  /** Returns the rows of a 200 response, which all have the same shape. */
  async getRows<T extends z.ZodMiniType>(
    path: string,
    limitMs: number,
    shape: T,
    options?: GetOptions,
  ): Promise<z.output<T>[]> {
    const read = (answer: HttpAnswer) => this.responses.rows(path, answer, shape);
    return this.ask(path, limitMs, read, options);
  }

  /**
   * Sends a POST. Sends it again only if it did not reach the server, or if a proxy refused it. `wasDone`
   * returns true if the server has carried it out anyway, because a proxy sent it twice.
   */
  async post(
    path: string,
    limitMs: number,
    body?: string,
    wasDone?: () => Promise<boolean>,
  ): Promise<PostResult> {
    const { clock, signal } = this.options;
    let silentMs = 0;
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      const startMs = clock.elapsed();
      const lost = (reason: string): PostResult => {
        return { kind: 'lost', reason, afterMs: clock.elapsed() - startMs };
      };
      const request: HttpRequest = { method: 'POST', path, ...(body !== undefined && { body }) };
      const hadPosted = this.mayHavePosted;
      this.mayHavePosted = true;
      const result = await this.attempt(request, limitMs);
      if (result instanceof TransportError && result.details.neverSent) {
        this.mayHavePosted = hadPosted;
      }
      if (!(result instanceof TransportError)) {
        if (isFromServer(result)) return { kind: 'answered', answer: result };
        return lost(`answered ${result.status}: ${this.responses.errorText(result)}`);
      }
      const { neverSent, refused = false } = result.details;
      if (!neverSent && !refused) return lost(result.message);
      const triedMs = silentMs + clock.elapsed() - startMs;
      await this.patience.pauseOrGiveUp(path, result, attempt, triedMs);
      silentMs += clock.elapsed() - startMs;
      if (refused && (await wasDone?.())) return lost(`${result.message}, but already accepted`);
    }
  }

  /**
   * Like `get`. A response for which `read` throws a `TransportError` counts as none; while our operation
   * runs, so does any other that `read` rejects.
   */
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
      const result = await this.attempt(request, limitMs, notWhenSilent);
      const answer = result instanceof TransportError ? result : this.readOrRetry(result, read);
      if (!(answer instanceof TransportError)) return answer;
      if (answer.cause instanceof TimeLimitError && !answer.details.neverSent && notWhenSilent) {
        throw new OperationTimeoutError(
          `${label} did not answer ${path} within ${limitMs / 60_000} minutes`,
          {
            hint: 'the server may still be working; check that ClickHouse and the remote storage answer',
            cause: answer.cause,
          },
        );
      }
      const triedMs = silentMs + clock.elapsed() - startMs;
      await this.patience.pauseOrGiveUp(path, answer, attempt, triedMs);
      silentMs += clock.elapsed() - startMs;
      await before?.();
    }
  }

  /**
   * Reads a response. While our operation runs, returns an error that leads to a retry, because requests
   * may fail while the configuration is being edited (clickhouse-backup-api.md#configuration).
   */
  private readOrRetry<T>(answer: HttpAnswer, read: (answer: HttpAnswer) => T): T | TransportError {
    try {
      return read(answer);
    } catch (error) {
      if (error instanceof TransportError) return error;
      if (!this.patience.isWorking || !(error instanceof ResponseError)) throw error;
      return new TransportError(error.message, { neverSent: false, cause: error });
    }
  }

  private async attempt(
    request: HttpRequest,
    wantedMs: number,
    isHalf = false,
  ): Promise<HttpAnswer | TransportError> {
    const { clock, transport, observer, signal, label, credentials } = this.options;
    const limitMs = this.patience.limitMs(wantedMs, isHalf);
    const startMs = clock.elapsed();
    const line = `${request.method} ${request.path}`;
    try {
      const answer = await clock.limit(limitMs, (limited) => transport(request, limited), signal);
      const tookMs = Math.round(clock.elapsed() - startMs);
      const proxyError = notNow(answer, clock.now());
      const isUseful = answer.status < 500 && proxyError === undefined;
      observer.requested(`${line} → ${answer.status} in ${tookMs} ms`, isUseful);
      if (proxyError !== undefined) {
        this.patience.silent(startMs, proxyError);
        return proxyError;
      }
      this.patience.answered();
      if (answer.status === 401 || answer.status === 403) {
        throw unauthorized(label, answer, credentials);
      }
      return answer;
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      this.patience.silent(startMs, error);
      observer.requested(`${line} → ${error.message}`, false);
      if (error.details.permanent) throw this.patience.unreachable(error);
      return error;
    }
  }
}
