import type * as z from 'zod/mini';
import { type Clock, TimeLimitError } from '../../time/clock.js';
import { UnauthorizedError, ResponseError, OperationTimeoutError } from '../../errors.js';
import {
  type HttpAnswer,
  type HttpRequest,
  type Transport,
  TransportError,
} from '../../http/transport.js';
import { quickMs } from '../limits.js';
import type { ClientObserver } from '../observer.js';
import { isFromServer, titleOfPage } from './error-response.js';
import { Patience } from './patience.js';
import { notNow } from './proxy-response.js';
import { ResponseReader } from './response-reader.js';

/** How a POST ended. */
export type PostResult =
  | { kind: 'answered'; answer: HttpAnswer }
  /** The request may have been carried out, but no response came. */
  | { kind: 'lost'; reason: string; afterMs: number };

/** How a GET is sent, and sent again while no response comes. */
export interface GetOptions {
  /** A larger response than this, in bytes, is not read to its end: `UnreachableError`. */
  largestBytes?: number;
  /** Runs before each further attempt; responses to its own requests do not prolong the patience. */
  before?: (() => Promise<void>) | undefined;
  /** Do not repeat a request that the server accepted and did not answer: `OperationTimeoutError`. */
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
 * Requests to one server and its responses: which requests are sent again, and which error ends
 * them. Knows nothing about backups.
 */
export class ApiConnection {
  readonly responses: ResponseReader;
  /** The host as typed, for messages. */
  readonly label: string;
  private readonly options: ApiConnectionOptions;
  private readonly patience: Patience;

  constructor(options: ApiConnectionOptions) {
    this.options = options;
    this.responses = new ResponseReader(options);
    this.label = options.label;
    const sanitize = (text: string) => this.responses.sanitize(text);
    this.patience = new Patience({ ...options, sanitize });
  }

  /** Does `work` while an operation of this run is in progress on the server. */
  async whileWorking<T>(work: () => Promise<T>): Promise<T> {
    this.patience.isWorking = true;
    try {
      return await work();
    } finally {
      this.patience.isWorking = false;
    }
  }

  /** Sends a GET until there is a response, or none has come for the connect timeout. */
  async get(path: string, limitMs: number, options?: GetOptions): Promise<HttpAnswer> {
    return this.ask(path, limitMs, (answer) => answer, options);
  }

  /** Returns the lines of a 200 response, each of one shape. */
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
   * Sends a POST once; again only if it was never sent, or if a proxy refused it. `wasDone` returns
   * true if the server has carried it out anyway, because something on the way sent it twice.
   */
  async post(
    path: string,
    limitMs: number,
    body?: string,
    wasDone?: () => Promise<boolean>,
  ): Promise<PostResult> {
    const { clock } = this.options;
    let silentMs = 0;
    for (let attempt = 0; ; attempt++) {
      const startMs = clock.elapsed();
      const lost = (reason: string): PostResult => {
        return { kind: 'lost', reason, afterMs: clock.elapsed() - startMs };
      };
      const request: HttpRequest = { method: 'POST', path, ...(body !== undefined && { body }) };
      const result = await this.attempt(request, limitMs);
      if (!(result instanceof TransportError)) {
        if (isFromServer(result)) return { kind: 'answered', answer: result };
        return lost(`answered ${result.status}: ${this.responses.errorText(result)}`);
      }
      const { neverSent, refused = false } = result.details;
      if (!neverSent && !refused) return lost(result.message);
      const triedMs = silentMs + clock.elapsed() - startMs;
      await this.patience.pauseOrGiveUp(path, result, attempt, triedMs);
      silentMs += clock.elapsed() - startMs;
      if (refused && (await wasDone?.())) return lost(`${result.message}, but already taken`);
    }
  }

  /** Like `get`, but while an operation runs, a response that `read` rejects counts as none. */
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
      const answer = result instanceof TransportError ? result : this.readOrRetry(result, read);
      if (!(answer instanceof TransportError)) return answer;
      if (answer.cause instanceof TimeLimitError && !answer.details.neverSent && notWhenSilent) {
        throw new OperationTimeoutError(
          `${label} did not answer ${path} within ${limitMs / 60_000} minutes`,
          {
            hint: 'the server may still be working; check that ClickHouse and the remote storage answer',
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
   * The server reads its configuration at nearly every request (§1), and an edit of that file must
   * not end hours of work.
   */
  private readOrRetry<T>(answer: HttpAnswer, read: (answer: HttpAnswer) => T): T | TransportError {
    try {
      return read(answer);
    } catch (error) {
      if (!this.patience.isWorking || !(error instanceof ResponseError)) throw error;
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
      const isUseful = answer.status < 500 && proxyError === undefined;
      observer.requested(`${line} → ${answer.status} in ${tookMs} ms`, isUseful);
      if (proxyError !== undefined) {
        this.patience.silent(startMs);
        return proxyError;
      }
      this.patience.answered();
      if (answer.status === 401 || answer.status === 403) throw unauthorized(label, answer);
      return answer;
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      this.patience.silent(startMs);
      observer.requested(`${line} → ${error.message}`, false);
      if (error.details.permanent) throw this.patience.unreachable(error);
      return error;
    }
  }
}

function unauthorized(label: string, { status, body }: HttpAnswer): UnauthorizedError {
  return new UnauthorizedError(`${label} refused the credentials (${status})`, {
    hint:
      titleOfPage(body) === undefined
        ? "check user and password against api.username and api.password in clickhouse-backup's configuration"
        : 'the answer is from a proxy in front of clickhouse-backup; check that the proxy accepts user and password',
  });
}
