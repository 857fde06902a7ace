import { certificatesIn, readPemFile } from './pem.js';

/** The certificates in a PEM file of CA certificates, checked. Throws `ConfigError`. */
export function readCa(file: string, cwd: string | undefined): string {
  const pem = readPemFile('CA', file, cwd, '--ca-file');
  // Only the certificates: OpenSSL overlooks one whose line begins with something else.
  return certificatesIn(pem).join('\n');
}
