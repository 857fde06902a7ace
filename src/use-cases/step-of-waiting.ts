import type { Reporter } from './reporter.js';
import type { Step } from './steps.js';

/**
 * Returns a reporter that passes everything on and adds the step `wait-for-server` while the server is
 * busy. The interrupted step begins again when the wait is over.
 */
export function withStepOfWaiting(inner: Reporter): Reporter {
  let current: Step | undefined;
  let interrupted: Step | undefined;

  function enter(step: Step): void {
    current = step;
    inner.step(step);
  }

  function resume(): void {
    if (interrupted === undefined) return;
    enter(interrupted);
    interrupted = undefined;
  }

  return {
    step(name) {
      if (name === 'give-up') interrupted = undefined;
      resume();
      enter(name);
    },
    busy(running) {
      // A wait for another chbackup has its own step, which the host lock reports.
      if (current !== 'wait-for-lock' && interrupted === undefined) {
        interrupted = current;
        enter('wait-for-server');
      }
      inner.busy(running);
    },
    free() {
      resume();
      inner.free();
    },
    stillBusy: (waitedMs) => inner.stillBusy(waitedMs),
    working: (elapsedMs) => inner.working(elapsedMs),
    hostResolved: () => inner.hostResolved(),
    unanswered: (path, problem, replica) => inner.unanswered(path, problem, replica),
    answered: (body) => inner.answered(body),
    requested: (line, answered, replica) => inner.requested(line, answered, replica),
    phase: (text, activity) => inner.phase(text, activity),
    info: (text) => inner.info(text),
    note: (text) => inner.note(text),
    warn: (text) => inner.warn(text),
  };
}
