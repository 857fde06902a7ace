import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const program = fileURLToPath(new URL('../../bin/chbackup.js', import.meta.url));
const cpuReporter = fileURLToPath(new URL('report-cpu.cjs', import.meta.url));

export interface Ended {
  code: number | null;
  wallMs: number;
  /** Unix time, milliseconds. */
  endedMs: number;
  cpuMs: number;
}

/** Runs node to its end without its output; returns the time it took. */
export function runNode(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const withCpu = env['BENCH_CPU'] === '1';
    const child = spawn(process.execPath, [...(withCpu ? ['-r', cpuReporter] : []), ...args], {
      // Without NODE_EXTRA_CA_CERTS, which doubles the time that bare node needs to start.
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    let cpu = '';
    const report = child.stdio[3];
    if (report && 'on' in report) report.on('data', (chunk: Buffer) => (cpu += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({
        code,
        wallMs: performance.now() - startMs,
        endedMs: Date.now(),
        cpuMs: Number(cpu),
      }),
    );
  });
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
