import { type HttpAnswer, type Transport, TransportError } from '../http/transport.js';
import type { Clock } from '../time/clock.js';
import { retryPauseMs } from '../time/intervals.js';
import { requestMs } from './limits.js';
import { reasonOf } from './reason.js';

/** The answer of a ping is a word. */
const largestBytes = 1024 * 1024;

/** The limit depends on what was left of the time, so it is not named. */
const late = 'no answer in time';

export interface SendingOptions {
  transport: Transport;
  clock: Clock;
  /** Aborted when the ping is given up. */
  signal: AbortSignal;
  /** When retries end. */
  limitMs: number;
}

type Attempt =
  | { kind: 'delivered' }
  | { kind: 'retry'; reason: string; afterMs: number }
  | { kind: 'failed'; reason: string };

/**
 * Sends a ping; again after a pause if that may help. Returns why it was not delivered, without any part
 * of its URL; undefined if it was. Never rejects.
 */
export async function sendPing(
  path: string,
  body: string,
  options: SendingOptions,
): Promise<string | undefined> {
  const { clock, signal, limitMs } = options;
  const endMs = clock.elapsed() + limitMs;
  let reason = late;
  for (let attempt = 0; ; attempt += 1) {
    const leftMs = Math.max(0, endMs - clock.elapsed());
    const result = await tryOnce(path, body, Math.min(requestMs, leftMs), options);
    if (result.kind === 'delivered') return undefined;
    // A request that was given up says less than the ones before.
    if (signal.aborted) return reason;
    reason = result.reason;
    if (result.kind === 'failed') return reason;
    const pauseMs = Math.max(retryPauseMs(attempt), result.afterMs);
    if (clock.elapsed() + pauseMs >= endMs) return reason;
    try {
      await clock.sleep(pauseMs, signal);
    } catch {
      return reason;
    }
  }
}

async function tryOnce(
  path: string,
  body: string,
  limitMs: number,
  { transport, clock, signal }: SendingOptions,
): Promise<Attempt> {
  const request = { method: 'POST', path, body, largestBytes } as const;
  try {
    return readAnswer(await clock.limit(limitMs, (limited) => transport(request, limited), signal));
  } catch (error) {
    if (!(error instanceof TransportError)) return { kind: 'failed', reason: reasonOf(error) };
    const { permanent = false, wrongAddress = false } = error.details;
    const isFinal = permanent || wrongAddress;
    if (isFinal) return { kind: 'failed', reason: error.message };
    const isLate = (error.cause as Error | undefined)?.message === error.message;
    return { kind: 'retry', reason: isLate ? late : error.message, afterMs: 0 };
  }
}

function readAnswer({ status, body, retryAfter = '' }: HttpAnswer): Attempt {
  const reason = `the answer was HTTP ${status}`;
  if (status === 429 || status >= 500) {
    const afterMs = /^\d{1,5}$/.test(retryAfter) ? Number(retryAfter) * 1000 : 0;
    return { kind: 'retry', reason, afterMs };
  }
  if (status >= 300 && status < 400) {
    return { kind: 'failed', reason: `${reason}, a redirect, which is not followed` };
  }
  if (status >= 400) return { kind: 'failed', reason };
  // healthchecks.io answers this with 200.
  if (body.startsWith('OK (not found)'))
    return { kind: 'failed', reason: 'there is no such check' };
  if (body.startsWith('OK (rate limited)')) {
    return { kind: 'failed', reason: 'there were too many pings within a minute' };
  }
  return { kind: 'delivered' };
}
