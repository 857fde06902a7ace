import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { median, program, runNode } from './run-program.js';

const rounds = 21;

/** Measures the start-up of `--version` and of a run, relative to `node -e 0` in the same round. */
export async function measureStartUp(): Promise<string> {
  // The time until the first request is measured; 401 then makes the program stop at once.
  let arrivedMs = 0;
  const server = createServer((_request, response) => {
    arrivedMs = performance.now();
    response.writeHead(401).end('401 Unauthorized\n');
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const folder = mkdtempSync(path.join(tmpdir(), 'chbackup-bench-'));
  const version: number[] = [];
  const request: number[] = [];
  const total: number[] = [];
  try {
    for (let round = 0; round <= rounds; round++) {
      const bare = await runNode(['-e', '0']);
      const shown = await runNode([program, '--version']);
      const startMs = performance.now();
      const asked = await runNode([program, 'create-diff', host, 'u', 'p', '--log-dir', folder]);
      if (asked.code !== 12) throw new Error(`expected exit code 12, not ${asked.code}`);
      if (round === 0) continue; // the first warms the file cache
      version.push(shown.wallMs / bare.wallMs);
      request.push((arrivedMs - startMs) / bare.wallMs);
      total.push(asked.wallMs / bare.wallMs);
    }
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return [
    `Start-up, relative to bare node (median of ${rounds} rounds):`,
    `  chbackup --version                        ${median(version).toFixed(2)}   (target 1.6)`,
    `  create-diff until its first request       ${median(request).toFixed(2)}   (target 3.6)`,
    `  create-diff until it stops after 401      ${median(total).toFixed(2)}`,
    '',
  ].join('\n');
}
