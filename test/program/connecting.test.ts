import { existsSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { describe, expect } from 'vitest';
import { type ProgramBench, test } from '../support/program.js';

async function timed<T>(work: Promise<T>): Promise<{ ended: T; seconds: number }> {
  const startMs = performance.now();
  const ended = await work;
  return { ended, seconds: (performance.now() - startMs) / 1000 };
}

/** Makes name lookups of later runs end with an error code, or after a long time. */
function breakLookups(bench: ProgramBench, how: string): void {
  const file = path.join(bench.folder, 'lookups.cjs');
  const error = `Object.assign(new Error('getaddrinfo ' + name), { code: '${how}', syscall: 'getaddrinfo' })`;
  const answer = how === 'hang' ? 'setTimeout(done, 60_000)' : `setImmediate(done, ${error})`;
  writeFileSync(file, `require('node:dns').lookup = (name, _, done) => void ${answer};`);
  bench.env['NODE_OPTIONS'] = `--require=${file}`;
}

describe('the process', () => {
  test('ends 3 s after a silent server with --connect-timeout 3s, and names it', async ({
    bench,
  }) => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => void sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const argv = ['create-full', host, 'rlAPIuser', 'any', '--connect-timeout', '3s'];
    const { ended, seconds } = await timed(bench.startRaw(argv).ended);
    for (const socket of sockets) socket.destroy();
    server.close();
    expect(ended.code).toBe(13);
    expect(seconds).toBeGreaterThan(2.9);
    expect(seconds).toBeLessThan(15);
    expect(ended.stderr).toMatch(
      / does not answer: no answer within 3 s \(the port is open, but may not be that of the clickhouse-backup API, which is 7171 by default; to wait longer, pass --connect-timeout\)\n$/,
    );
    expect(ended.stderr.split('\n')).toHaveLength(2);
    expect(existsSync(bench.logDir)).toBe(false);
  });

  test('does not wait for a name lookup that hangs', async ({ bench }) => {
    breakLookups(bench, 'hang');
    const { ended, seconds } = await timed(
      bench.startRaw(['list', 'ch1', '--connect-timeout', '1s']).ended,
    );
    expect(ended.code).toBe(13);
    expect(ended.stderr).toContain(
      'ch1 does not answer: the host name was not resolved in time (check the DNS settings of',
    );
    expect(seconds).toBeLessThan(20);
  });

  test.for(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL'])(
    'prints a password in the place of the host nowhere if its lookup ends with %s',
    async (code, { bench }) => {
      breakLookups(bench, code);
      for (const option of ['--json', '--verbose']) {
        const argv = ['create-full', 'Geheim123', 'rlAPIuser', 'ch1.example.org', option];
        const ended = await bench.startRaw([...argv, '--connect-timeout', '1s']).ended;
        expect(ended.code).toBe(13);
        expect(ended.stderr).toContain('the host given as an argument does not answer: the host');
        expect(ended.stderr).toContain('the arguments may be swapped');
        expect(ended.stdout + ended.stderr).not.toContain('Geheim123');
        expect(existsSync(bench.logDir)).toBe(false);
      }
    },
  );

  test('ends within seconds for a host name that does not exist', async ({ bench }) => {
    breakLookups(bench, 'ENOTFOUND');
    const { ended, seconds } = await timed(bench.startRaw(['create-full', 'clickhose']).ended);
    expect([ended.code, ended.stderr]).toEqual([
      13,
      expect.stringMatching(
        /^\S+ \S+ clickhose ::::\[ERROR\] clickhose does not answer: the host name was not found \(check the spelling of the host\)\n$/,
      ),
    ]);
    expect(seconds).toBeLessThan(15);
  });
});
