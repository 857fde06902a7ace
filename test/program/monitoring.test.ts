import { mkdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished } from 'vitest';
import { hasFlock, test } from '../support/program.js';

const token = 'tok3n-0123456789abcdef';

async function listen(server: net.Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}`;
}

describe.skipIf(!hasFlock)('the program as a process, with monitoring (needs flock)', () => {
  test('pings, and writes a metrics file, over the network and on the disk', async ({ bench }) => {
    const requests: string[] = [];
    const server = http.createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        requests.push(`${request.method} ${request.url} ${body}`);
        response.end('OK');
      });
    });
    const directory = path.join(bench.folder, 'textfile');
    mkdirSync(directory);
    bench.env = { CHBACKUP_PING_URL: await listen(server), CHBACKUP_METRICS_DIR: directory };
    const { code, stderr } = await bench.run('create-full');
    expect(code).toBe(0);
    expect(requests).toEqual([
      expect.stringMatching(new RegExp(`^POST /${token}/start\\?rid=[-\\w]{36} $`)),
      expect.stringMatching(new RegExp(`^POST /${token}/0\\?rid=[-\\w]{36} .*create-full started`)),
    ]);
    expect(requests[1]).toContain(stderr.trimEnd().split('\n').at(-1));
    expect(stderr).not.toContain(token);
    const name = `chbackup_${bench.host.replace(':', '_')}.prom`;
    expect(readFileSync(path.join(directory, name), 'utf8')).toMatch(
      /\nchbackup_last_run_exit_code\{shard="[\d._]+",command="create-full"\} 0\n/,
    );
  });

  test('ends within about 3 s after SIGTERM although the receiver never answers', async ({
    bench,
  }) => {
    const server = net.createServer((socket) => void socket.on('error', () => undefined));
    bench.env = { CHBACKUP_PING_URL: await listen(server) };
    const started = bench.start('create-full');
    await bench.heldAt(/GET \/backup\/actions\?filter=FULL/, started);
    const sentMs = performance.now();
    started.child.kill('SIGTERM');
    const { code, stderr } = await started.ended;
    const tookMs = performance.now() - sentMs;
    expect(code).toBe(143);
    expect(stderr).toMatch(/the final ping was not delivered: no answer in time\n$/);
    expect(stderr).not.toContain(token);
    // Half a second for what cannot be canceled, and more on a loaded machine.
    expect(tookMs).toBeLessThan(10_000);
  });
});
