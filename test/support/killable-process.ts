import type { Transport } from '../../src/http/transport.js';
import type { Disk } from '../../src/state/disk.js';
import type { HeldLock } from '../../src/state/file-lock.js';
import type { ProcessDisk } from './lock-in-memory.js';

class Killed extends Error {}

/**
 * A process that is killed with SIGKILL right after its n-th effect, or the first that matches.
 * That request is carried out, or that file written, but the program does not receive the result,
 * and nothing that it does later has an effect.
 */
export class KillableProcess {
  killed = false;
  /** Its effects, in order: `POST /backup/create`, `replace .HOST_run.json`. */
  readonly effects: string[] = [];
  readonly disk: Disk;
  private readonly real: ProcessDisk;
  private readonly lastEffect: number | RegExp;

  constructor(disk: ProcessDisk, lastEffect: number | RegExp = Infinity) {
    this.real = disk;
    this.disk = this.killableDisk(disk);
    this.lastEffect = lastEffect;
  }

  transport(real: Transport): Transport {
    return async (request, signal) => {
      this.throwIfKilled();
      const effect = this.begin(`${request.method} ${request.path.replace(/\?.*/, '')}`);
      const answer = await real(request, signal);
      this.end(effect);
      return answer;
    };
  }

  private killableDisk(real: ProcessDisk): Disk {
    const doing = <T>(what: string, file: string, work: () => T): T => {
      this.throwIfKilled();
      const effect = this.begin(`${what} ${file.replace(/^.*\//, '')}`);
      const result = work();
      this.end(effect);
      return result;
    };
    const looking = <T>(work: () => T): T => {
      this.throwIfKilled();
      return work();
    };
    return {
      makeFolder: (folder) => doing('make', folder, () => real.makeFolder(folder)),
      read: (file) => looking(() => real.read(file)),
      replace: (file, text) => doing('replace', file, () => real.replace(file, text)),
      append: (file, text) => doing('append', file, () => real.append(file, text)),
      remove: (file) => doing('remove', file, () => real.remove(file)),
      exists: (file) => looking(() => real.exists(file)),
      list: (folder) => looking(() => real.list(folder)),
      tryLock: (file) => {
        const attempt = doing('lock', file, () => real.tryLock(file));
        if (attempt.kind === 'held') return attempt;
        return { kind: 'taken', lock: this.whileAlive(attempt.lock) };
      },
      takeFreeLocks: () => looking(() => Promise.resolve(new Map())),
      peekLock: (file) => looking(() => real.peekLock(file)),
    };
  }

  private whileAlive(lock: HeldLock): HeldLock {
    return {
      describe: (text) => void (this.killed || lock.describe(text)),
      release: () => void (this.killed || lock.release()),
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
    this.killed = true;
    this.real.releaseLocks();
    throw new Killed();
  }

  private throwIfKilled(): void {
    if (this.killed) throw new Killed();
  }
}
