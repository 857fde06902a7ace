import type { CommandContext } from '../context.js';
import { secondsOf } from '../../time/clock.js';

/** Measures how long the server works, without the time for which a busy server is waited for. */
export async function measureWork<T>(
  { clock, wait }: Pick<CommandContext, 'clock' | 'wait'>,
  work: () => Promise<T>,
): Promise<{ result: T; seconds: number }> {
  const startMs = clock.elapsed();
  const leftMs = wait.remainingMs();
  const result = await work();
  const waitedMs = leftMs - wait.remainingMs();
  return { result, seconds: secondsOf(clock.elapsed() - startMs - waitedMs) };
}
