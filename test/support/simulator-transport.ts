import { readRedirect } from '../../src/http/redirect.js';
import { type Transport, TransportError } from '../../src/http/transport.js';
import type { Simulator } from '../simulator/simulator.js';

/** Returns a transport to a simulator without sockets; it fails in the ways the real one does. */
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
      // The listening simulator refuses by accepting the connection and cutting it.
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

/** Returns what the transport throws for a request that was aborted. */
export function reasonOf(signal: AbortSignal, neverSent: boolean): Error {
  const reason = signal.reason as Error;
  return reason.name === 'TimeLimitError'
    ? new TransportError(reason.message, { neverSent, cause: reason })
    : reason;
}
