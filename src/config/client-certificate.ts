import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { ConfigError } from '../errors.js';
import { certificatesIn, readPemFile, type PemFile } from './pem.js';

/** What the program shows to a server that requires a client certificate, both PEM. */
export interface ClientCertificate {
  certificate: string;
  key: string;
}

/** Reads a client certificate and its private key, which may be in one file. Throws `ConfigError`. */
export function readClientCertificate(
  certFile: string,
  keyFile: string | undefined,
  cwd: string | undefined,
): ClientCertificate {
  const pem = readPemFile('certificate', certFile, cwd, '--cert-file');
  const certificates = certificatesIn(pem);
  const own = new X509Certificate(certificates[0] ?? '');
  const file = keyFile === undefined ? pem : readPemFile('key', keyFile, cwd, '--key-file');
  const key = findKey(file, keyFile === undefined);
  if (!own.checkPrivateKey(parseKey(file, key))) {
    const whose = keyFile === undefined ? 'in the same file' : `in ${keyFile}`;
    throw new ConfigError(`${pem.name} does not belong to the private key ${whose}`, {
      hint: 'give the key for which the certificate was issued; of several certificates, the first must be the client certificate',
    });
  }
  return { certificate: certificates.join('\n'), key };
}

function findKey({ name, text }: PemFile, isCertificateFile: boolean): string {
  const block = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?-----END \1PRIVATE KEY-----/s.exec(text);
  if (block === null) {
    throw new ConfigError(`${name} contains no private key`, {
      hint: isCertificateFile
        ? 'pass the file of its private key with --key-file'
        : 'give a PEM file with -----BEGIN PRIVATE KEY-----',
    });
  }
  return block[0];
}

function parseKey({ name }: PemFile, key: string): KeyObject {
  if (/BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(key)) {
    throw new ConfigError(`the private key in ${name} is encrypted`, {
      hint: 'chbackup takes no passphrase; give a key without one (openssl pkey -in KEY -out NEW)',
    });
  }
  try {
    return createPrivateKey(key);
  } catch {
    // The cause is left out: its text may show part of the key.
    throw new ConfigError(`the private key in ${name} cannot be read`, {
      hint: 'give a PEM file with -----BEGIN PRIVATE KEY-----',
    });
  }
}
