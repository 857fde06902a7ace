import { readRedirect } from '../../src/http/redirect.js';
import { type Transport, TransportError } from '../../src/http/transport.js';
import type { Simulator } from '../simulator/simulator.js';

/** Requests to a simulator without sockets, failing in the ways that the real transport does. */
export function simulatorTransport(
  simulator: Simulator,
  baseUrl: string,
  credentials: { user: string; password: string } | undefined,
): Transport {
  const headers =
    credentials === undefined ? {} : { authorization: basicAuthorization(credentials) };
  return async ({ method, path, body = '' }, signal) => {
    if (signal.aborted) throw reasonOf(signal, true);
    const reply = await simulator.handle({ method, path, headers, body }, signal);
    if (signal.aborted) throw reasonOf(signal, false);
    if ('dropped' in reply) {
      // A server that refuses accepts the connection and cuts it, as the one that listens does.
      throw new TransportError('the connection was cut', { neverSent: false });
    }
    const { status, body: text } = reply;
    const isRedirect = status >= 300 && status < 400;
    return {
      status,
      body: text,
      retryAfter: reply.headers['retry-after'],
      redirect: isRedirect
        ? readRedirect(reply.headers['location'], `${baseUrl}${path}`)
        : undefined,
    };
  };
}

export function basicAuthorization({ user, password }: { user: string; password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** What the transport throws for a request that was ended from outside. */
export function reasonOf(signal: AbortSignal, neverSent: boolean): Error {
  const reason = signal.reason as Error;
  return reason.name === 'TimeLimitError'
    ? new TransportError(reason.message, { neverSent, cause: reason })
    : reason;
}
