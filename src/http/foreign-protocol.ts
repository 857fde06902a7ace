import type { RequestError } from 'got';
import { TransportError } from './transport.js';

/** How servers that do not speak HTTP begin, each with what to call it. */
const greetings: readonly [RegExp, string][] = [
  [/^SSH-/, 'an SSH server'],
  [/^220[ -]/, 'an FTP or mail server'],
  [/mysql|mariadb/i, 'a MySQL server'],
  [/^[+-](OK|ERR)\b/, 'a Redis or POP3 server'],
];

/**
 * Returns the error for a response that is not HTTP; undefined for any other failure. The request may
 * have been carried out if something on the way has damaged the response.
 */
export function readForeignProtocol({ code, cause }: RequestError): TransportError | undefined {
  if (!/^HPE_INVALID_(CONSTANT|VERSION)$/.test(code)) return undefined;
  const packet = (cause as { rawPacket?: Uint8Array } | undefined)?.rawPacket;
  const bytes = Buffer.from(packet ?? []);
  const details = { neverSent: false, wrongAddress: true };
  // A TLS alert (RFC 8446, 5.1).
  if (bytes[0] === 21 && bytes[1] === 3) {
    return new TransportError('the server requires TLS', {
      ...details,
      predicate: 'requires TLS',
      firstHint: 'write the host as https://NAME',
    });
  }
  const start = bytes.subarray(0, 200).toString('latin1');
  const name = greetings.find(([pattern]) => pattern.test(start))?.[1];
  return new TransportError('the response is not HTTP', {
    ...details,
    predicate: name === undefined ? 'does not speak HTTP' : `is ${name}, not clickhouse-backup`,
    firstHint: 'the clickhouse-backup API listens on port 7171 by default',
  });
}
