export interface HttpRequest {
  method: 'GET' | 'POST';
  /** With its query, encoded. */
  path: string;
  body?: string;
  /** The answer may have this many bytes; 64 MiB unless told otherwise. */
  largestBytes?: number;
}

export interface HttpAnswer {
  status: number;
  body: string;
  /** The `Retry-After` header. */
  retryAfter?: string | undefined;
  /** Where a 3xx answer points. */
  redirect?: Redirect | undefined;
}

export interface Redirect {
  /** Another host as `https://name:port`, or a path of the same host. */
  to: string;
  /** The other host is asked for the same path: it may be the right one. */
  samePath: boolean;
}

/** Carries one request there and its answer back; rejects with `TransportError` or the signal's reason. */
export type Transport = (request: HttpRequest, signal: AbortSignal) => Promise<HttpAnswer>;

export interface TransportErrorDetails {
  /** The request cannot have reached the server: it may be sent again, whatever it asks for. */
  neverSent: boolean;
  /** A proxy refused the request: it was not carried out, unless something on the way sent it twice. */
  refused?: boolean;
  /** Asking again will not help: a certificate that is not trusted, say. */
  permanent?: boolean;
  hint?: string | undefined;
  /** What the host does, in the final error; without it the host "does not answer: MESSAGE". */
  predicate?: string;
  /** How long to wait before the request is sent again, if the answer said so. */
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/** No answer of the server came back. */
export class TransportError extends Error {
  override name = 'TransportError' as const;
  readonly details: Readonly<TransportErrorDetails>;
  constructor(message: string, details: TransportErrorDetails) {
    super(message, { cause: details.cause });
    this.details = details;
  }
}
