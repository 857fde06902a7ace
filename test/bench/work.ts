import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/time/clock.js';
import { serve } from '../simulator/http-server.js';
import { Simulator } from '../simulator/simulator.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { openInProcess } from './in-process.js';
import { program as builtProgram, runNode } from './run-program.js';

const credentials = { username: 'u', password: 'p' };

/** Measures a diff of the built program in real time; its create and upload take 1 s each. */
export async function measureRealWork(): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'chbackup-bench-'));
  const workMs = { create: 1000, upload: 1000 };
  const simulator = new Simulator({ version: '2.8.1', clock: systemClock, ...credentials, workMs });
  const server = await serve(simulator);
  const host = `127.0.0.1:${server.port}`;
  try {
    const run = (command: string) =>
      runNode([builtProgram, command, host, 'u', 'p', '--log-dir', folder], { BENCH_USAGE: '1' });
    await run('create-full');
    // The base of the next one is not its full backup, as in most runs.
    await run('create-diff');
    const first = simulator.requests.length;
    const bare = await runNode(['-e', '0'], { BENCH_USAGE: '1' });
    const ended = await run('create-diff');
    if (ended.code !== 0) throw new Error(`create-diff ended with ${ended.code}`);
    const upload = simulator.actions.findLast((row) => row.command.startsWith('upload'));
    const lateMs = ended.endedMs - (upload?.finishMs ?? NaN);
    return [
      'A diff with 1 s of create and 1 s of upload:',
      `  from the end of the upload to exit        ${(lateMs / 1000).toFixed(2)} s   (target 0.5)`,
      `  ${countRequests(simulator, first)}`,
      `  CPU, relative to bare node                ${(ended.cpuMs / bare.cpuMs).toFixed(1)}`,
      '',
    ].join('\n');
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Measures a diff whose create and upload take 1 h each, on a virtual clock. */
export async function measureVirtualHour(): Promise<string> {
  const clock = new VirtualClock();
  const hour = 3_600_000;
  const workMs = { create: hour, upload: hour };
  const simulator = new Simulator({
    version: '2.8.1',
    clock: clock.server,
    ...credentials,
    workMs,
  });
  const program = await openInProcess(simulator, clock);
  try {
    await program.run('create-full');
    await program.run('create-diff');
    const first = simulator.requests.length;
    const cpu = process.cpuUsage();
    await program.run('create-diff');
    const used = process.cpuUsage(cpu);
    const upload = simulator.actions.findLast((row) => row.command.startsWith('upload'));
    const lateMs = clock.server.now() - (upload?.finishMs ?? NaN);
    return [
      'A diff with 1 h of create and 1 h of upload, on a virtual clock:',
      `  from the end of the upload to exit        ${(lateMs / 1000).toFixed(2)} s   (target 15; ${((lateMs / hour) * 100).toFixed(2)} % of the work, target 5)`,
      `  ${countRequests(simulator, first)}`,
      `  CPU, including the simulator              ${((used.user + used.system) / 1e6 / 7200).toExponential(1)} of the time waited`,
      '',
    ].join('\n');
  } finally {
    await program.close();
  }
}

function countRequests(simulator: Simulator, first: number): string {
  const paths = simulator.requests.slice(first).map((request) => request.path);
  const lists = paths.filter((target) => target.startsWith('/backup/list')).length;
  const reads = paths.filter((target) => target.includes('remote_backup=')).length;
  const probes = paths.filter((target) => target.endsWith('?table=nosuch.nosuch')).length;
  return `requests ${paths.length}, of which lists ${lists} (target 3), checks of the server ${probes} (1), reads of tables ${reads} (3)`;
}
