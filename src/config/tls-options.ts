import { ConfigError } from '../errors.js';
import type { ClientCertificate } from './certificates.js';
import type { RawSettings } from './sources.js';

/**
 * Throws `ConfigError` if options for TLS are given for a host without TLS, because the password would
 * be sent in clear text.
 */
export function refuseTlsOptions(
  values: { insecure?: boolean | undefined },
  raw: RawSettings,
): void {
  const given = raw.caFile ?? raw.certFile ?? (values.insecure === true ? raw.insecure : undefined);
  if (given === undefined) return;
  throw new ConfigError(`${given.from} requires https, but the host uses http`, {
    hint: 'write the host as https://NAME',
  });
}

/** Reads `--ca-file`. The import is lazy, because node:crypto takes a tenth of the startup time. */
export async function readOwnCa(
  file: string | undefined,
  cwd: string | undefined,
): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const { readCa } = await import('./certificates.js');
  return readCa(file, cwd);
}

/** Reads `--cert-file` and `--key-file`; the import is lazy for the same reason. */
export async function readOwnCertificate(
  { certFile, keyFile }: { certFile?: string | undefined; keyFile?: string | undefined },
  raw: RawSettings,
  cwd: string | undefined,
): Promise<ClientCertificate | undefined> {
  if (certFile === undefined) {
    if (raw.keyFile === undefined) return undefined;
    throw new ConfigError(`${raw.keyFile.from} is set, but no certificate is given`, {
      hint: 'give the certificate with --cert-file or CHBACKUP_CERT_FILE',
    });
  }
  const { readClientCertificate } = await import('./certificates.js');
  return readClientCertificate(certFile, keyFile, cwd);
}
