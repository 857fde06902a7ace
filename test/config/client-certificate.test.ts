import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import path from 'node:path';
import type { TlsOptions } from 'node:tls';
import { describe, expect, onTestFinished } from 'vitest';
import { type Harness, test } from '../support/harness.js';

const fileOf = (name: string) => path.resolve(import.meta.dirname, '../support/tls', name);
const textOf = (name: string) => readFileSync(fileOf(name), 'utf8');

const [caFile, certFile, keyFile] = [fileOf('ca.pem'), fileOf('client.pem'), fileOf('client.key')];
const caOptions = ['--ca-file', caFile];
const certOptions = ['--cert-file', certFile, '--key-file', keyFile];

/** The TLS settings of clickhouse-backup with `API_CA_CERT_FILE` (clickhouse-backup-api.md#client-certificates). */
const mutualTls: TlsOptions = {
  key: textOf('server.key'),
  cert: textOf('server.pem'),
  ca: textOf('client-ca.pem'),
  requestCert: true,
};

/** Runs a list and returns its exit code, its error line and how long it took. */
async function errorOf(harness: Harness, host: string, ...more: string[]) {
  const startMs = harness.clock.elapsed();
  const { code, stderr } = await harness.startRaw(['list', host, 'rlAPIuser', 'x', ...more]).done;
  const error = /::::\[ERROR\] (.*)\n/.exec(stderr)?.[1] ?? '';
  expect(stderr).not.toContain(textOf('client.key').split('\n')[1]);
  return { code, error, tookMs: harness.clock.elapsed() - startMs };
}

describe.for(['TLSv1.3', 'TLSv1.2'] as const)(
  'a server that requires a certificate, with %s',
  (version) => {
    const tls = { ...mutualTls, maxVersion: version };

    test('receives the certificate of --cert-file and --key-file', async ({ harnessOf }) => {
      const harness = await harnessOf({}, { tls });
      expect((await harness.run('create-full', ...caOptions, ...certOptions)).code).toBe(0);
      harness.env = {
        CHBACKUP_CA_FILE: caFile,
        CHBACKUP_CERT_FILE: certFile,
        CHBACKUP_KEY_FILE: keyFile,
      };
      expect((await harness.run('create-diff')).code).toBe(0);
      expect((await harness.run('list')).code).toBe(0);
    });

    test('receives a certificate that is in one file with its key, in any order', async ({
      harnessOf,
    }) => {
      const harness = await harnessOf({}, { tls });
      const parts = [textOf('client.pem'), textOf('client.key')];
      for (const text of [parts.join(''), parts.toReversed().join('')]) {
        writeFileSync(path.join(harness.folder, 'both.pem'), text);
        const { code } = await harness.run('list', ...caOptions, '--cert-file', 'both.pem');
        expect(code).toBe(0);
      }
    });

    test('leads to exit 13 at once, with the options in the hint, if it gets none', async ({
      harnessOf,
    }) => {
      const harness = await harnessOf({}, { tls });
      const { code, error, tookMs } = await errorOf(harness, harness.host, ...caOptions);
      expect([code, tookMs]).toEqual([13, 0]);
      expect(error).toBe(
        version === 'TLSv1.3'
          ? `${harness.host} requires a client certificate (pass --cert-file and --key-file)`
          : `${harness.host} refused the TLS handshake (if the server requires a client certificate, pass --cert-file and --key-file)`,
      );
    });

    test('leads to exit 13 with a hint if it cuts the connection because of another certificate', async ({
      harnessOf,
    }) => {
      const harness = await harnessOf({}, { tls });
      const other = ['--cert-file', fileOf('server.pem'), '--key-file', fileOf('server.key')];
      const { code, error } = await errorOf(harness, harness.host, ...caOptions, ...other);
      expect(code).toBe(13);
      expect(error).toMatch(/: the connection was cut \(.* and accepts the client certificate\)$/);
    });
  },
);

test('works with a client certificate if the server does not require one', async ({
  harnessOf,
}) => {
  const { key, cert } = mutualTls;
  const harness = await harnessOf({}, { tls: { key, cert } });
  expect((await harness.run('list', ...caOptions, ...certOptions)).code).toBe(0);
});

/** Starts a server that refuses every TLS handshake with an alert. */
async function serveAlert(number: number): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(Buffer.from([21, 3, 3, 0, 2, 2, number])));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a handshake that the server refuses with', () => {
  test.for([
    [42, 'bad certificate'],
    [43, 'unsupported certificate'],
    [44, 'certificate revoked'],
    [45, 'certificate expired'],
    [46, 'certificate unknown'],
    [48, 'unknown ca'],
    [49, 'access denied'],
    [116, 'certificate required'],
  ] as const)(
    'alert %i leads to exit 13 at once, with a message about the client certificate',
    async ([number, name], { harness }) => {
      const host = await serveAlert(number);
      const without = await errorOf(harness, host);
      expect(without).toEqual({
        code: 13,
        error: `${host} requires a client certificate (pass --cert-file and --key-file)`,
        tookMs: 0,
      });
      const withCertificate = await errorOf(harness, host, ...certOptions);
      expect(withCertificate).toEqual({
        code: 13,
        error: `${host} refuses the client certificate: ${name} (check --cert-file and --key-file)`,
        tookMs: 0,
      });
    },
  );

  test('alert 70, no common version, leads to exit 13 at once, with another message', async ({
    harness,
  }) => {
    const { code, error, tookMs } = await errorOf(harness, await serveAlert(70), ...certOptions);
    expect([code, tookMs]).toEqual([13, 0]);
    expect(error).toMatch(/protocol version.*\(check the TLS settings of the server\)$/);
  });
});

test('exits with 13 at once for an expired server certificate, without a hint about --ca-file', async ({
  harnessOf,
}) => {
  const tls = { key: textOf('expired.key'), cert: textOf('expired.pem') };
  const harness = await harnessOf({}, { tls });
  const trust = ['--ca-file', fileOf('expired.pem')];
  const { code, error, tookMs } = await errorOf(harness, harness.host, ...trust);
  expect([code, tookMs]).toEqual([13, 0]);
  expect(error).toMatch(/does not answer: CERT_HAS_EXPIRED: .*\(renew the server's certificate\)$/);
});
