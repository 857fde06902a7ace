import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type HttpAnswer, type Transport, TransportError } from '../../src/http/transport.js';
import type { MetricsFolder } from '../../src/notify/metrics-folder.js';
import type { VirtualClock } from './virtual-clock.js';

// The clock does not notice that a run waits for its own code, so load it before a test begins.
await Promise.all([
  import('../../src/cli/monitoring.js'),
  import('../../src/notify/write-metrics.js'),
]);

/** How the receiver of pings behaves. */
export type Receiving =
  | { kind: 'answers'; status: number; body?: string; retryAfter?: string; afterMs?: number }
  | { kind: 'refuses' }
  | { kind: 'hangs' }
  /** A name lookup, for example, cannot be canceled. */
  | { kind: 'ignores the abort' };

export const receiverKinds: readonly Receiving[] = [
  { kind: 'answers', status: 200, body: 'OK' },
  { kind: 'answers', status: 200, afterMs: 5000 },
  { kind: 'answers', status: 200, afterMs: 600_000 },
  { kind: 'answers', status: 503 },
  { kind: 'answers', status: 429, retryAfter: '3600' },
  { kind: 'answers', status: 404 },
  { kind: 'answers', status: 301 },
  { kind: 'refuses' },
  { kind: 'hangs' },
  { kind: 'ignores the abort' },
];

export interface Ping {
  baseUrl: string;
  path: string;
  body: string;
  atMs: number;
}

/** Receives pings without sockets. */
export class Receiver {
  readonly pings: Ping[] = [];
  /** How the next pings are received; the last one stays. */
  receiving: Receiving[] = [{ kind: 'answers', status: 200, body: 'OK' }];
  private readonly clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  readonly open = (baseUrl: string): Transport => {
    return async ({ path: target, body = '' }, signal): Promise<HttpAnswer> => {
      this.pings.push({ baseUrl, path: target, body, atMs: this.clock.elapsed() });
      const [now = { kind: 'refuses' }, ...later] = this.receiving;
      if (later.length > 0) this.receiving = later;
      switch (now.kind) {
        case 'answers':
          await this.wait(now.afterMs ?? 0, signal);
          return { status: now.status, body: now.body ?? '', retryAfter: now.retryAfter };
        case 'refuses':
          throw new TransportError('connection refused', { neverSent: true });
        case 'hangs':
          await this.wait(Infinity, signal);
          throw new Error('it never answers');
        case 'ignores the abort':
          await this.clock.server.sleep(Infinity);
          throw new Error('it never answers');
      }
    };
  };

  /** The ends of the paths so far, without the IDs of the runs. */
  get paths(): string[] {
    return this.pings.map(({ path: target }) => target.replace(/rid=[-\w]+$/, 'rid=ID'));
  }

  private async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (ms === 0) return;
    try {
      await this.clock.server.sleep(ms, signal);
    } catch (error) {
      const reason = error as Error;
      if (reason.name !== 'TimeLimitError') throw reason;
      throw new TransportError(reason.message, { neverSent: false, cause: reason });
    }
  }
}

/** A metrics directory that behaves like a full disk, or never answers. */
export function brokenFolder(how: 'full' | 'hangs', clock: VirtualClock): () => MetricsFolder {
  const fail = async () => {
    if (how === 'hangs') await clock.server.sleep(Infinity);
    throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
  };
  return () => ({ read: () => Promise.resolve(undefined), replace: fail });
}

/** A temporary directory for metrics files. */
export class MetricsFiles {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'chbackup-metrics-'));
  readonly directory = path.join(this.folder, 'textfile');

  constructor() {
    mkdirSync(this.directory);
  }

  /** All names, hidden ones included. */
  get names(): string[] {
    return readdirSync(this.directory).sort();
  }

  read(name: string): string {
    return readFileSync(path.join(this.directory, name), 'utf8');
  }

  /** Returns the value of each series of a file, as `last_run_exit_code create-full`. */
  values(name: string): Record<string, number> {
    const lines = this.read(name).split('\n');
    return Object.fromEntries(
      lines.flatMap((line) => {
        const [, series = '', label = '', value] =
          /^chbackup_(\w+)\{shard="[^"]+"(?:,(?:command|check)="([^"]+)")?\} (\S+)$/.exec(line) ??
          [];
        return value === undefined ? [] : [[`${series} ${label}`.trim(), Number(value)]];
      }),
    );
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
