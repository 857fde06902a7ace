import type { Clock } from '../time/clock.js';
import type { Disk } from './disk.js';
import { type GivenName, giveNames, lockNames, type NameRequest } from './used-names.js';

export interface NameGiverOptions {
  disk: Disk;
  folder: string;
  clock: Clock;
  signal: AbortSignal;
  /** How long the first of several shards waits for the others, so that they get names of one time. */
  togetherMs: number;
}

interface Waiting {
  request: NameRequest;
  resolve: (given: GivenName) => void;
  reject: (error: unknown) => void;
}

/**
 * Gives backup names to the shards of one run. Those that ask at the same moment get names of one second
 * (`_2`, `_3` … after the first), with one lock and one write; no shard waits for one that asks later. The
 * time of a name is that of the write, right before the creates.
 */
export class NameGiver {
  private readonly options: NameGiverOptions;
  private waiting: Waiting[] = [];

  constructor(options: NameGiverOptions) {
    this.options = options;
  }

  reserve(request: NameRequest): Promise<GivenName> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ request, resolve, reject });
      // Otherwise the first one asks for all.
      if (this.waiting.length === 1) void this.giveToAll();
    });
  }

  private async giveToAll(): Promise<void> {
    const { disk, folder, clock, signal, togetherMs } = this.options;
    try {
      if (togetherMs > 0) await clock.sleep(togetherMs, signal);
      const lock = await lockNames(disk, folder, clock, signal);
      try {
        const requests = this.waiting.map(({ request }) => request);
        const given = giveNames(disk, folder, requests, clock.now());
        this.end((each, at) => each.resolve(given[at] as GivenName));
      } finally {
        lock.release();
      }
    } catch (error) {
      this.end(({ reject }) => reject(error));
    }
  }

  /** Ends all waits. What comes after it waits anew. */
  private end(settle: (each: Waiting, at: number) => void): void {
    const ended = this.waiting;
    this.waiting = [];
    ended.forEach(settle);
  }
}
