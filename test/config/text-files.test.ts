import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { secret, test } from '../support/harness.js';

const mark = '\ufeff';
const encodings: [what: string, encode: (text: string) => Buffer][] = [
  ['UTF-8', (text) => Buffer.from(text)],
  ['UTF-8 with a byte order mark', (text) => Buffer.from(mark + text)],
  ['UTF-16 little-endian', (text) => Buffer.from(mark + text, 'utf16le')],
  ['UTF-16 big-endian', (text) => Buffer.from(mark + text, 'utf16le').swap16()],
];

const certificates = path.resolve(import.meta.dirname, '../support/tls');
const read = (name: string) => readFileSync(path.join(certificates, name), 'utf8');
const tls = { key: read('server.key'), cert: read('server.pem') };

describe.for(encodings)('a text file in %s', ([, encode]) => {
  test('may contain a user or a password', async ({ harness }) => {
    const put = (name: string, text: string) => {
      const file = path.join(harness.folder, name);
      writeFileSync(file, encode(text));
      return file;
    };
    harness.env = {
      CHBACKUP_USER_FILE: put('user', 'rlAPIuser'),
      CHBACKUP_PASSWORD_FILE: put('password', `${secret}\r\n`),
    };
    expect((await harness.startRaw(['create-full', harness.host]).done).code).toBe(0);
  });

  test('may contain settings', async ({ harness }) => {
    writeFileSync(
      path.join(harness.folder, '.env'),
      encode(`CHBACKUP_HOST=${harness.host}\r\nCHBACKUP_USER=rlAPIuser\r\n`),
    );
    harness.env = { CHBACKUP_PASSWORD: secret };
    expect((await harness.startRaw(['create-full']).done).code).toBe(0);
  });

  test('may contain the certificate of a CA', async ({ harnessOf }) => {
    const harness = await harnessOf({}, { tls });
    const file = path.join(harness.folder, 'ca.pem');
    writeFileSync(file, encode(read('ca.pem')));
    expect((await harness.run('create-full', '--ca-file', file)).code).toBe(0);
  });
});

test('reads a last-backup file with a byte order mark', async ({ harness }) => {
  expect((await harness.run('create-full')).code).toBe(0);
  const full = harness.lastBackup;
  harness.lastBackup = `${mark}${full}\r\n`;
  const { code, stderr } = await harness.run('create-diff');
  expect([code, stderr]).toEqual([0, expect.stringContaining(`as an increment on ${full}`)]);
});
