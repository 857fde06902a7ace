export interface HttpRequest {
  method: 'GET' | 'POST';
  /** With its query, encoded. */
  path: string;
  body?: string;
}

export interface HttpAnswer {
  status: number;
  body: string;
}

/** Carries one request there and its answer back; rejects with `TransportError` or the signal's reason. */
export type Transport = (request: HttpRequest, signal: AbortSignal) => Promise<HttpAnswer>;

/** No answer came back. */
export class TransportError extends Error {
  override name = 'TransportError' as const;
  /** The request cannot have reached the server: it may be sent again whatever it asks for. */
  readonly neverSent: boolean;
  /** Asking again will not help: a certificate that is not trusted, say. */
  readonly permanent: boolean;
  readonly hint: string | undefined;
  constructor(
    message: string,
    details: { neverSent: boolean; permanent?: boolean; hint?: string; cause?: unknown },
  ) {
    super(message, { cause: details.cause });
    this.neverSent = details.neverSent;
    this.permanent = details.permanent ?? false;
    this.hint = details.hint;
  }
}
