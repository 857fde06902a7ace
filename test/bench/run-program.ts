import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const program = fileURLToPath(new URL('../../bin/chbackup.js', import.meta.url));
const usageReporter = fileURLToPath(new URL('report-usage.cjs', import.meta.url));

export interface Ended {
  code: number | null;
  wallMs: number;
  /** Unix time, milliseconds. */
  endedMs: number;
  /** 0 unless the environment contains BENCH_USAGE=1. */
  cpuMs: number;
  maxRssBytes: number;
}

/** Runs node to its end without its output; returns the time it took. */
export function runNode(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const withUsage = env['BENCH_USAGE'] === '1';
    const child = spawn(process.execPath, [...(withUsage ? ['-r', usageReporter] : []), ...args], {
      // Without NODE_EXTRA_CA_CERTS, which doubles the time that bare node needs to start.
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    let usage = '';
    const report = child.stdio[3];
    if (report && 'on' in report) report.on('data', (chunk: Buffer) => (usage += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      const used = JSON.parse(usage || '{}') as Partial<Pick<Ended, 'cpuMs' | 'maxRssBytes'>>;
      resolve({
        code,
        wallMs: performance.now() - startMs,
        endedMs: Date.now(),
        cpuMs: used.cpuMs ?? 0,
        maxRssBytes: used.maxRssBytes ?? 0,
      });
    });
  });
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
