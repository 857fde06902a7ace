export interface HttpRequest {
  method: 'GET' | 'POST';
  /** The path with its query, encoded. */
  path: string;
  body?: string;
  /** The size limit of the response, in bytes; 64 MiB by default. */
  largestBytes?: number;
}

export interface HttpAnswer {
  status: number;
  body: string;
  /** The `Retry-After` header. */
  retryAfter?: string | undefined;
  /** The target of a 3xx response. */
  redirect?: Redirect | undefined;
}

export interface Redirect {
  /** Another host as `https://name:port`, or a path of the same host. */
  to: string;
  /** True if the path on the other host is the same: it may be the right host. */
  samePath: boolean;
}

/** Sends a request and returns its response. Rejects with `TransportError` or the signal's reason. */
export type Transport = (request: HttpRequest, signal: AbortSignal) => Promise<HttpAnswer>;

export interface TransportErrorDetails {
  /** True if the request cannot have reached the server: even a POST may be sent again. */
  neverSent: boolean;
  /** True if a proxy refused the request: it was not carried out, unless a proxy sent it twice. */
  refused?: boolean;
  /** True if a retry cannot succeed, for example because a certificate is not trusted. */
  permanent?: boolean;
  /**
   * True if the address is probably wrong, unless it was right before: the host name does not exist, or
   * what answers is not a web server.
   */
  wrongAddress?: boolean;
  /** True if the response is larger than the request allows. */
  tooLarge?: boolean;
  /** True if the host name was not resolved. */
  unresolved?: boolean;
  hint?: string | undefined;
  /** Replaces `hint` as long as the server has not responded in this run: the address may be wrong. */
  firstHint?: string | undefined;
  /** What follows the host in the final error; `does not answer: MESSAGE` by default. */
  predicate?: string;
  /** How long the response asks to wait before the request is sent again. */
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/** A request that got no response of the server. */
export class TransportError extends Error {
  override name = 'TransportError' as const;
  readonly details: Readonly<TransportErrorDetails>;
  constructor(message: string, details: TransportErrorDetails) {
    super(message, { cause: details.cause });
    this.details = details;
  }
}
