import type { Reporter } from './reporter.js';
import type { Step } from './steps.js';

/**
 * Passes everything on, and makes a step of the wait for a busy server, whatever step it
 * interrupts: that one is entered again when the wait is over.
 */
export function withStepOfWaiting(inner: Reporter): Reporter {
  let current: Step | undefined;
  let interrupted: Step | undefined;

  function enter(step: Step): void {
    current = step;
    inner.step(step);
  }

  function goOn(): void {
    if (interrupted === undefined) return;
    enter(interrupted);
    interrupted = undefined;
  }

  return {
    step(name) {
      if (name === 'give-up') interrupted = undefined;
      goOn();
      enter(name);
    },
    busy(running) {
      // Another chbackup has the lock: that wait is reported where it is made.
      if (current !== 'wait-for-turn' && interrupted === undefined) {
        interrupted = current;
        enter('wait-for-server');
      }
      inner.busy(running);
    },
    free() {
      goOn();
      inner.free();
    },
    stillBusy: (waitedMs) => inner.stillBusy(waitedMs),
    working: (elapsedMs) => inner.working(elapsedMs),
    unanswered: (path, problem) => inner.unanswered(path, problem),
    answered: (body) => inner.answered(body),
    requested: (line, answered) => inner.requested(line, answered),
    phase: (text) => inner.phase(text),
    info: (text) => inner.info(text),
    note: (text) => inner.note(text),
    warn: (text) => inner.warn(text),
  };
}
