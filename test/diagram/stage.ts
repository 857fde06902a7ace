import type { Step } from '../../src/use-cases/steps.js';
import { StateError } from '../../src/errors.js';
import type { Disk } from '../../src/state/disk.js';
import { Harness, type Result } from '../support/harness.js';
import { diskWithLocks } from '../support/lock-in-memory.js';
import type { Scenario } from './scenarios.js';

export const base = 'FULL_CH_BK_2026-11-21_20-30-00';

/** The environment of a scenario: a server, a log directory and the faults during the run. */
export class Stage {
  readonly harness: Harness;
  /** The description of another holder of the host's lock, if there is one. */
  lockedBy: string | undefined;
  private diskFails = false;
  private signal: (name: 'SIGINT' | 'SIGTERM') => void = () => undefined;

  constructor({ server = {} }: Scenario) {
    this.harness = new Harness(server);
  }

  get simulator() {
    return this.harness.simulator;
  }

  /** Adds a full backup at both locations and records it as the last backup. */
  addBase(): void {
    this.simulator.addBackup('remote', { name: base });
    this.simulator.addBackup('local', { name: base });
    this.harness.lastBackup = base;
  }

  /** Writes the journal of a run that was killed. */
  leaveJournal(text: string): void {
    this.harness.writeFile(`.${this.harness.hostInFiles}_run.json`, text);
  }

  /** Sends a signal when the run enters the step. */
  interruptAt(step: Step): void {
    this.harness.when(step, () => this.signal('SIGINT'));
  }

  /** Makes every file operation fail from the step on and sends a signal, so that the step fails. */
  failEverythingAt(step: Step): void {
    this.harness.when(step, () => {
      this.diskFails = true;
      this.signal('SIGTERM');
    });
  }

  async play(scenario: Scenario, happening?: (stage: Stage) => void): Promise<Result> {
    await this.harness.open();
    try {
      await scenario.prepare?.(this);
      happening?.(this);
      this.harness.environment = { disk: this.disk() };
      const { command = 'create-full', options = [] } = scenario;
      const running = this.harness.start(command, ...options);
      this.signal = (name) => running.signal(name);
      const result = await running.done;
      this.harness.check();
      return result;
    } finally {
      await this.harness.close();
    }
  }

  private disk(): Disk {
    const real = diskWithLocks(new Map());
    const orFail = () => {
      if (this.diskFails) throw new StateError('cannot write: EIO');
    };
    return {
      ...real,
      read: (file) => (orFail(), real.read(file)),
      replace: (file, text) => (orFail(), real.replace(file, text)),
      append: (file, text) => (orFail(), real.append(file, text)),
      remove: (file) => (orFail(), real.remove(file)),
      tryLock: (file) => {
        orFail();
        if (this.lockedBy !== undefined) return { kind: 'held', holder: this.lockedBy };
        return real.tryLock(file);
      },
    };
  }
}
