import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { median, program, runNode } from './run-program.js';

const rounds = 21;

/** `--version`, and a run to its first request, in ratio to `node -e 0` of the same round. */
export async function measureStartUp(): Promise<string> {
  // The first request's arrival is the end: a refusal makes the program stop at once.
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
  const whole: number[] = [];
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
      whole.push(asked.wallMs / bare.wallMs);
    }
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return [
    `Start-up, in ratio to bare node (median of ${rounds} rounds):`,
    `  chbackup --version                        ${median(version).toFixed(2)}   (aim 1.6)`,
    `  create-diff until its first request       ${median(request).toFixed(2)}   (aim 3.6)`,
    `  create-diff until it ends on a refusal    ${median(whole).toFixed(2)}`,
    '',
  ].join('\n');
}
