import { X509Certificate } from 'node:crypto';
import { ConfigError } from '../errors.js';
import { errnoOf } from '../text.js';
import { absolutePath } from './absolute-path.js';
import { readTextFile } from './text-file.js';

export interface PemFile {
  /** What it is, for messages: `the CA file own.pem`. */
  name: string;
  text: string;
}

/** Reads a PEM file. Throws `ConfigError`. */
export function readPemFile(
  kind: string,
  file: string,
  cwd: string | undefined,
  option: string,
): PemFile {
  const name = `the ${kind} file ${file}`;
  const path = absolutePath(file, cwd);
  try {
    return { name, text: readTextFile(path) };
  } catch (error) {
    throw new ConfigError(`${name} cannot be read: ${errnoOf(error)}`, {
      hint: `check ${option}`,
      cause: error,
    });
  }
}

/** The certificates in a PEM file, at least one, each as its PEM block. Throws `ConfigError`. */
export function certificatesIn({ name, text }: PemFile): string[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0 || !blocks.every(isCertificate)) {
    throw new ConfigError(`${name} holds no certificate that can be read`, {
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
