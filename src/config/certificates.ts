import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { ConfigError } from '../errors.js';
import { describeErrno } from '../text.js';
import { absolutePath, readTextFile } from './files.js';

/** Returns the certificates in a PEM file of CA certificates. Throws `ConfigError`. */
export function readCa(file: string, cwd: string | undefined): string {
  const pem = readPemFile('CA', file, cwd, '--ca-file');
  // Other text is dropped, because OpenSSL ignores a certificate with text before it on its line.
  return certificatesIn(pem).join('\n');
}

/** A client certificate and its private key, for servers that require one; both PEM. */
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
      hint: 'chbackup does not support passphrases; give a key without one (openssl pkey -in KEY -out NEW)',
    });
  }
  try {
    return createPrivateKey(key);
  } catch {
    // The cause is left out, because its text may contain part of the key.
    throw new ConfigError(`${name} contains no readable private key`, {
      hint: 'give a PEM file with -----BEGIN PRIVATE KEY-----',
    });
  }
}

interface PemFile {
  /** The file with its kind, for messages: `the CA file own.pem`. */
  name: string;
  text: string;
}

/** Reads a PEM file. Throws `ConfigError`. */
function readPemFile(kind: string, file: string, cwd: string | undefined, option: string): PemFile {
  const name = `the ${kind} file ${file}`;
  const path = absolutePath(file, cwd);
  try {
    return { name, text: readTextFile(path) };
  } catch (error) {
    throw new ConfigError(`${name} cannot be read: ${describeErrno(error)}`, {
      hint: `check ${option}`,
      cause: error,
    });
  }
}

/** Returns the PEM block of each certificate in a PEM file. Throws `ConfigError`. */
function certificatesIn({ name, text }: PemFile): string[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0 || !blocks.every(isCertificate)) {
    throw new ConfigError(`${name} contains no readable certificate`, {
      hint: 'give a PEM file with -----BEGIN CERTIFICATE-----',
    });
  }
  return blocks;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
