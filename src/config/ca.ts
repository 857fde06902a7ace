import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../errors.js';

/** The certificates in a PEM file, checked. Throws `ConfigError`. */
export function readCa(file: string, cwd: string): string {
  let pem: string;
  try {
    pem = readFileSync(path.resolve(cwd, file), 'utf8');
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
  return pem;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
