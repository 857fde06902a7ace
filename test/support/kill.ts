import type { Transport } from '../../src/http/transport.js';
import type { Disk } from '../../src/state/disk.js';
import type { HeldLock } from '../../src/state/file-lock.js';
import type { DiskOfOne } from './lock-in-memory.js';

class Killed extends Error {}

/**
 * A process that is killed (-9) right after its n-th effect, or the first that matches: that request is carried out, that
 * file written, but the program never learns of it, and nothing that it does later has an effect.
 */
export class Mortal {
  dead = false;
  /** What it did, in order: `POST /backup/create`, `replace .HOST_run.json`. */
  readonly effects: string[] = [];
  readonly disk: Disk;
  private readonly real: DiskOfOne;
  private readonly lastEffect: number | RegExp;

  constructor(disk: DiskOfOne, lastEffect: number | RegExp = Infinity) {
    this.real = disk;
    this.disk = this.mortalDisk(disk);
    this.lastEffect = lastEffect;
  }

  transport(real: Transport): Transport {
    return async (request, signal) => {
      this.mustLive();
      const effect = this.begin(`${request.method} ${request.path.replace(/\?.*/, '')}`);
      const answer = await real(request, signal);
      this.end(effect);
      return answer;
    };
  }

  private mortalDisk(real: DiskOfOne): Disk {
    const doing = <T>(what: string, file: string, work: () => T): T => {
      this.mustLive();
      const effect = this.begin(`${what} ${file.replace(/^.*\//, '')}`);
      const result = work();
      this.end(effect);
      return result;
    };
    const looking = <T>(work: () => T): T => {
      this.mustLive();
      return work();
    };
    return {
      makeFolder: (folder) => doing('make', folder, () => real.makeFolder(folder)),
      read: (file) => looking(() => real.read(file)),
      replace: (file, text) => doing('replace', file, () => real.replace(file, text)),
      append: (file, text) => doing('append', file, () => real.append(file, text)),
      remove: (file) => doing('remove', file, () => real.remove(file)),
      list: (folder) => looking(() => real.list(folder)),
      tryLock: (file) => {
        const attempt = doing('lock', file, () => real.tryLock(file));
        if (attempt.kind === 'held') return attempt;
        return { kind: 'taken', lock: this.whileAlive(attempt.lock) };
      },
    };
  }

  private whileAlive(lock: HeldLock): HeldLock {
    return {
      describe: (text) => void (this.dead || lock.describe(text)),
      release: () => void (this.dead || lock.release()),
    };
  }

  private begin(effect: string): number {
    return this.effects.push(effect);
  }

  private end(effect: number): void {
    const last =
      typeof this.lastEffect === 'number'
        ? effect >= this.lastEffect
        : this.lastEffect.test(this.effects[effect - 1] ?? '');
    if (!last) return;
    this.dead = true;
    this.real.die();
    throw new Killed();
  }

  private mustLive(): void {
    if (this.dead) throw new Killed();
  }
}
