import { type Clock, limitBySleeping, systemClock } from '../../src/time/clock.js';

/** Returns a clock that runs `speed` times as fast as real time. */
export function scaledClock(speed: number): Clock {
  const startMs = Date.now();
  const elapsed = () => performance.now() * speed;
  const firstMs = elapsed();
  const clock: Clock = {
    now: () => Math.floor(startMs + elapsed() - firstMs),
    elapsed,
    sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
    limit: (ms, work, signal) => limitBySleeping(clock, ms, work, signal),
  };
  return clock;
}
