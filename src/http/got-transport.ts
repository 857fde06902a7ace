import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { got, type RequestError } from 'got';
import { presentable } from '../text.js';
import { readForeignProtocol } from './foreign-protocol.js';
import { readNameFailure, unresolvedInTime } from './name-failure.js';
import { readRedirect } from './redirect.js';
import { type Connection, readTlsFailure } from './tls-failure.js';
import { type Transport, TransportError } from './transport.js';

export interface GotTransportOptions {
  baseUrl: string;
  credentials: { user: string; password: string } | undefined;
  ca: string | undefined;
  /** The certificate and its private key, both PEM. */
  clientCertificate: { certificate: string; key: string } | undefined;
  insecure: boolean;
}

/** The size limit of a response; even the action log of several years has only a few megabytes. */
const largestAnswerBytes = 64 * 1024 * 1024;

/**
 * Returns a transport over the network. Each request has a connection of its own: on a reused one that
 * the server is closing, a POST could fail without showing whether the server has read it.
 */
export function createGotTransport(options: GotTransportOptions): Transport {
  const { credentials, clientCertificate } = options;
  const isTls = options.baseUrl.startsWith('https:');
  const isAddress = isIP(new URL(options.baseUrl).hostname.replaceAll(/[[\]]/g, '')) > 0;
  const client = got.extend({
    headers: {
      'user-agent': 'chbackup',
      ...(credentials && { authorization: basicAuthentication(credentials) }),
    },
    agent: {
      http: new http.Agent({ keepAlive: false }),
      https: new https.Agent({ keepAlive: false }),
    },
    https: {
      rejectUnauthorized: !options.insecure,
      ...(options.ca !== undefined && { certificateAuthority: options.ca }),
      ...clientCertificate,
    },
    http2: false,
    retry: { limit: 0 },
    throwHttpErrors: false,
    followRedirect: false,
    responseType: 'text',
  });

  return async ({ method, path, body, largestBytes = largestAnswerBytes }, signal) => {
    const tooLarge = new AbortController();
    const url = `${options.baseUrl}${path}`;
    const request = client(url, {
      method,
      ...(body !== undefined && { body }),
      signal: AbortSignal.any([signal, tooLarge.signal]),
    });
    let resolved = isAddress;
    let accepted = false;
    let connected = false;
    void request.on('request', (sent: http.ClientRequest) => {
      sent.once('socket', (socket) => {
        socket.on('lookup', (error: Error | null) => (resolved ||= error === null));
        socket.once('connect', () => (accepted = true));
        socket.once(isTls ? 'secureConnect' : 'connect', () => (connected = true));
      });
    });
    void request.on('downloadProgress', ({ transferred }) => {
      if (transferred > largestBytes) tooLarge.abort();
    });
    try {
      const { statusCode, body: text, headers } = await request;
      const isRedirect = statusCode >= 300 && statusCode < 400;
      return {
        status: statusCode,
        body: text,
        retryAfter: headers['retry-after'],
        redirect: isRedirect ? readRedirect(headers.location, url) : undefined,
      };
    } catch (error) {
      if (tooLarge.signal.aborted) {
        throw new TransportError(`the answer is larger than ${largestBytes / 2 ** 20} MiB`, {
          neverSent: false,
          permanent: true,
          tooLarge: true,
          hint: 'check that host and port are those of a clickhouse-backup API; its default port is 7171',
        });
      }
      const hasClientCertificate = clientCertificate !== undefined;
      throw toTransportError(
        error as RequestError,
        { isTls, hasClientCertificate, resolved, accepted, connected },
        signal,
      );
    }
  };
}

function basicAuthentication({ user, password }: { user: string; password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}

/** Converts a got error; only its code and text, because its other properties contain the password. */
function toTransportError(error: RequestError, connection: Connection, signal: AbortSignal): Error {
  if (signal.aborted) {
    const reason = signal.reason as Error;
    if (reason.name !== 'TimeLimitError') return reason;
    const { connected, accepted, resolved } = connection;
    if (!resolved) return unresolvedInTime(reason);
    return new TransportError(reason.message, {
      neverSent: !connected,
      firstHint: accepted ? silentHint : undefined,
      cause: reason,
    });
  }
  return (
    readNameFailure(error) ??
    readTlsFailure(error, connection) ??
    readForeignProtocol(error) ??
    new TransportError(describe(error), {
      neverSent: !connection.connected,
      firstHint: cut.has(error.code) ? cutHint : undefined,
    })
  );
}

const silentHint =
  'the port is open, but may not be that of the clickhouse-backup API, which is 7171 by default; to wait longer, pass --connect-timeout';

const cut = new Set(['ECONNRESET', 'EPIPE']);
const cutHint =
  'check that clickhouse-backup server is running there; if it uses TLS, write the host as https://NAME';

const explanations: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'the connection timed out',
};

function describe(error: RequestError): string {
  return explanations[error.code] ?? presentable(`${error.code}: ${error.message}`);
}
