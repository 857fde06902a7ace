import { X509Certificate } from 'node:crypto';
import { ConfigError } from '../errors.js';
import { absolutePath } from './absolute-path.js';
import { readTextFile } from './text-file.js';

/** The certificates in a PEM file, checked. Throws `ConfigError`. */
export function readCa(file: string, cwd: string | undefined): string {
  const path = absolutePath(file, cwd);
  let pem: string;
  try {
    pem = readTextFile(path);
  } catch (error) {
    throw new ConfigError(
      `the CA file ${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`,
      { hint: 'check --ca-file', cause: error },
    );
  }
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  if (certificates === null || !certificates.every(isCertificate)) {
    throw new ConfigError(`the CA file ${file} holds no certificate that can be read`, {
      hint: 'give a PEM file with -----BEGIN CERTIFICATE-----',
    });
  }
  // Only the certificates: OpenSSL overlooks one whose line begins with something else.
  return certificates.join('\n');
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
