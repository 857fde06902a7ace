import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../../src/cli/environment.js';
import { Simulator } from '../simulator/simulator.js';
import { simulatorTransport } from '../support/simulator-transport.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { runMain } from './in-process.js';
import { type Ended, program, runNode } from './run-program.js';
import type { ShardServer } from './shard-servers.js';

const second = 1000;
const minute = 60 * second;
const longestUploadMs = 20 * second;
const credentials = { user: 'u', password: 'p' };

/** Measures increments of 200 and of 1,000 shards in one process. */
export async function measureClusters(): Promise<string> {
  const lines: string[] = [];
  for (const shards of [200, 1000]) lines.push(...(await measureRealCluster(shards)));
  return [...lines, ...(await measureRequests(200))].join('\n');
}

/** Measures the built program; the simulated servers are in another process. */
async function measureRealCluster(shards: number): Promise<string[]> {
  const { servers, stop } = await startServers(shards);
  const folder = mkdtempSync(path.join(tmpdir(), 'chbackup-bench-'));
  try {
    for (const { port, newest } of servers) {
      writeFileSync(path.join(folder, `.127.0.0.1_${port}_last_backup`), newest);
    }
    const slowest = await runOn(servers.slice(-1), folder);
    const all = await runOn(servers, folder);
    const bare = await runNode(['-e', '0'], { BENCH_USAGE: '1' });
    const allowedMs = slowest.wallMs * 1.1 + 2 * second;
    const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
    const isTarget = shards === 200;
    return [
      `A diff of ${shards} shards, 336 backups each, whose uploads take 1 to ${longestUploadMs / second} s:`,
      `  the slowest shard alone · all shards      ${seconds(slowest.wallMs)} · ${seconds(all.wallMs)}${isTarget ? `   (target ${seconds(allowedMs)})` : ''}`,
      `  largest resident size (bare node: ${mebibytes(bare.maxRssBytes)})     ${mebibytes(all.maxRssBytes)} MiB${isTarget ? '   (target 120)' : ''}`,
      `  CPU                                       ${seconds(all.cpuMs)}`,
      '',
    ];
  } finally {
    stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runOn(servers: readonly ShardServer[], folder: string): Promise<Ended> {
  const hosts = servers.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const args = [program, 'create-diff', hosts, 'u', 'p', '--log-dir', folder];
  const ended = await runNode(args, { BENCH_USAGE: '1' });
  if (ended.code !== 0) throw new Error(`create-diff ended with ${ended.code}`);
  return ended;
}

async function startServers(count: number): Promise<{ servers: ShardServer[]; stop: () => void }> {
  const script = fileURLToPath(new URL('shard-servers.ts', import.meta.url));
  const tsx = createRequire(import.meta.url).resolve('tsx');
  const child = spawn(
    process.execPath,
    ['--import', tsx, script, String(count), String(longestUploadMs)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { servers: JSON.parse(line) as ShardServer[], stop: () => child.kill() };
}

/** Counts the requests to each shard during an upload of 1 h, on a virtual clock. */
async function measureRequests(shards: number): Promise<string[]> {
  const clock = new VirtualClock();
  const folder = mkdtempSync(path.join(tmpdir(), 'chbackup-bench-'));
  const simulators = new Map<string, Simulator>();
  for (let at = 0; at < shards; at++) {
    const simulator = new Simulator({
      version: '2.8.1',
      clock: clock.server,
      username: credentials.user,
      password: credentials.password,
      workMs: { upload: 60 * minute },
    });
    simulators.set(`s-${at}`, simulator);
  }
  try {
    const transport: Environment['transport'] = ({ host }) => {
      const simulator = simulators.get(host.fileName);
      if (simulator === undefined) throw new Error(`there is no server ${host.fileName}`);
      return simulatorTransport(simulator, host.baseUrl, credentials);
    };
    const hosts = [...simulators.keys()].join(',');
    await runMain(['create-full', hosts], { clock, transport }, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const most = Math.max(...[...simulators.values()].map(mostPerQuarter));
  return [
    `A full backup of ${shards} shards whose uploads take 1 h, on a virtual clock:`,
    `  most requests to a shard in any 15 s after 5 minutes of upload   ${most}   (target 1)`,
    '',
  ];
}

/** Returns the largest number of requests in less than 15 s while a server was uploading. */
function mostPerQuarter({ requests }: Simulator): number {
  const startMs = requests.find(({ path: target }) => target.includes('/upload/'))?.atMs ?? 0;
  const times = requests
    .map(({ atMs }) => atMs - startMs)
    .filter((atMs) => atMs > 5 * minute && atMs < 60 * minute);
  return Math.max(
    ...times.map((from) => times.filter((atMs) => atMs >= from && atMs < from + 14_999).length),
  );
}

function seconds(ms: number): string {
  return `${(ms / second).toFixed(1)} s`;
}
