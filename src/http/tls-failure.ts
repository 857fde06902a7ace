import { presentable } from '../text.js';
import { TransportError } from './transport.js';

export interface Connection {
  isTls: boolean;
  hasClientCertificate: boolean;
  /** The host name was resolved. */
  resolved: boolean;
  /** The server accepted the connection. */
  accepted: boolean;
  /** The connection was made and, with TLS, our side of the handshake was complete. */
  connected: boolean;
}

/** The alerts for a rejected or a missing client certificate (RFC 8446, 6.2). */
const certificateAlert =
  /alert ((?:bad|unsupported) certificate|certificate (?:required|revoked|expired|unknown)|unknown ca|access denied)/;

const hints: Record<string, string> = {
  CERT_HAS_EXPIRED: "renew the server's certificate",
  CERT_NOT_YET_VALID: "check the clock of this machine and the server's certificate",
  CERT_REVOKED: "replace the server's certificate",
  ERR_TLS_CERT_ALTNAME_INVALID: 'use a host name that is in the certificate',
};

/**
 * Returns the error for a failure of TLS; undefined if the failure is not about TLS. With TLS 1.3 the
 * server checks the client certificate after our side of the handshake is complete, but before it
 * reads a request (clickhouse-backup-api.md#client-certificates).
 */
export function readTlsFailure(
  { code, message }: { code: string; message: string },
  { isTls, hasClientCertificate, connected }: Connection,
): TransportError | undefined {
  if (!isTls) return undefined;
  if (/wrong version number|packet length too long/.test(message)) {
    const hint =
      "write http:// instead of https://, or set api.secure in clickhouse-backup's configuration";
    const text = 'the server does not speak TLS';
    return new TransportError(text, { neverSent: true, permanent: true, hint });
  }
  const alert = certificateAlert.exec(message)?.[1];
  if (alert !== undefined) {
    return hasClientCertificate
      ? refusal(`refuses the client certificate: ${alert}`, 'check --cert-file and --key-file')
      : refusal('requires a client certificate', 'pass --cert-file and --key-file');
  }
  const ifRequired = 'if the server requires a client certificate, pass --cert-file and --key-file';
  // Below TLS 1.3, servers send only this alert when a client certificate is missing.
  if (message.includes('alert handshake failure')) {
    const hint = hasClientCertificate ? 'check the TLS settings of the server' : ifRequired;
    return refusal('refused the TLS handshake', hint);
  }
  if (/^(ECONNRESET|EPIPE)$/.test(code)) {
    const hint = hasClientCertificate
      ? 'check that clickhouse-backup server is running there and accepts the client certificate'
      : `check that clickhouse-backup server is running there; ${ifRequired}`;
    return new TransportError('the connection was cut', { neverSent: !connected, hint });
  }
  if (!/CERT|VERIFY|SELF_SIGNED|ISSUER|ALTNAME|EPROTO|ERR_SSL|ERR_TLS/.test(code)) return undefined;
  const hint = /EPROTO|ERR_SSL/.test(code)
    ? 'check the TLS settings of the server'
    : (hints[code] ?? 'check the certificate, or pass its CA with --ca-file');
  const text = presentable(`${code}: ${message}`);
  return new TransportError(text, { neverSent: !connected, permanent: !connected, hint });
}

function refusal(predicate: string, hint: string): TransportError {
  const details = { neverSent: true, permanent: true, predicate, hint };
  return new TransportError(`the server ${predicate}`, details);
}
