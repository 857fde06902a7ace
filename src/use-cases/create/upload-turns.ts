import { rejection } from '../../time/waiting.js';

/** Limits how many shards upload at the same time (`--parallel`). */
export class UploadTurns {
  private free: number;
  private readonly queue: (() => void)[] = [];

  constructor(limit: number) {
    this.free = limit;
  }

  /**
   * Does an upload when it is its turn. Calls `waiting` if that is not now. Rejects with the signal's
   * reason if that comes first.
   */
  async take<T>(upload: () => Promise<T>, signal: AbortSignal, waiting: () => void): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else {
      waiting();
      await this.waitForTurn(signal);
    }
    try {
      return await upload();
    } finally {
      const next = this.queue.shift();
      if (next === undefined) this.free += 1;
      else next();
    }
  }

  private async waitForTurn(signal: AbortSignal): Promise<void> {
    const turn = new Promise<void>((resolve) => this.queue.push(resolve));
    const begin = this.queue.at(-1);
    try {
      await Promise.race([turn, rejection(signal)]);
    } catch (error) {
      const at = this.queue.findIndex((each) => each === begin);
      // If the turn has come at the same moment, the next one gets it.
      if (at >= 0) this.queue.splice(at, 1);
      else this.queue.shift()?.();
      throw error;
    }
  }
}
