import { type HttpAnswer, TransportError } from '../../http/transport.js';

const askTheProxy = 'check the configuration of the proxy in front of clickhouse-backup';

/**
 * Statuses of a proxy that refused the request before it passed it on (RFC 9110, 8470, 6585): the
 * request was not carried out. clickhouse-backup itself sends none of them.
 */
const refusals = new Map([
  [421, { text: '421 Misdirected Request', hint: askTheProxy }],
  [425, { text: '425 Too Early', hint: askTheProxy }],
  [
    429,
    {
      text: '429 Too Many Requests',
      hint: 'a proxy in front of clickhouse-backup limits the rate of requests; raise its limit, or allow more time with --connect-timeout',
    },
  ],
]);

/** Statuses of a proxy that got no response from the server: the request may have been carried out. */
const unanswered = [408, 502, 503, 504];

/** Returns the error for a proxy's response that calls for a retry; undefined for any other response. */
export function notNow(answer: HttpAnswer, nowMs: number): TransportError | undefined {
  const { status, retryAfter } = answer;
  const retryAfterMs = retryAfter === undefined ? undefined : readRetryAfter(retryAfter, nowMs);
  const refusal = refusals.get(status);
  if (refusal !== undefined) {
    const { text, hint } = refusal;
    const predicate = `refuses requests: ${text}`;
    const details = { neverSent: false, refused: true, predicate, hint, retryAfterMs };
    return new TransportError(text, details);
  }
  if (!unanswered.includes(status)) return undefined;
  return new TransportError(`answered ${status}`, { neverSent: false, retryAfterMs });
}

/** Parses seconds or an HTTP date (RFC 9110, 10.2.3); returns the milliseconds from now, or undefined. */
function readRetryAfter(text: string, nowMs: number): number | undefined {
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return ms > 0 ? ms : undefined;
}
