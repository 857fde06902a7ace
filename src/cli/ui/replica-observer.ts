import type { ClientObserver } from '../../client/observer.js';

/** Returns an observer that passes everything on, and which replica of the shard it is about. */
export function observerOf(replica: string, inner: ClientObserver): ClientObserver {
  return {
    busy: (running) => inner.busy(running),
    stillBusy: (waitedMs) => inner.stillBusy(waitedMs),
    free: () => inner.free(),
    working: (elapsedMs) => inner.working(elapsedMs),
    hostResolved: () => inner.hostResolved(),
    unanswered: (path, problem) => inner.unanswered(path, problem, replica),
    answered: (body) => inner.answered(body),
    requested: (line, answered) => inner.requested(line, answered, replica),
  };
}
