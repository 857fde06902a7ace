import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scripts } from './arbitrary.js';
import { howToRepeat } from './how-to-repeat.js';
import { HttpTransports } from './http-transports.js';
import { playScript } from './play-script.js';
import { describeScript, type Script } from './script.js';
import type { ScenarioOptions } from './scenario.js';

/** Runs the same schedules each time; `npm run test:faults -- --runs N --seed S` runs others. */
async function playAll(
  schedules: fc.Arbitrary<Script>,
  { seed, runs }: { seed: number; runs: number },
  optionsOf: () => ScenarioOptions = () => ({}),
): Promise<Map<string, number>> {
  const total = new Map<string, number>();
  const property = fc.asyncProperty(schedules, async (script) => {
    for (const [what, count] of await playScript(script, optionsOf())) {
      total.set(what, (total.get(what) ?? 0) + count);
    }
  });
  const result = await fc.check(property, { seed, numRuns: runs });
  const [script] = result.counterexample ?? [];
  if (script !== undefined) {
    const command = howToRepeat('schedules', seed, result.counterexamplePath);
    throw new Error(`${String(result.errorInstance)}\n${command}\n${describeScript(script)}`);
  }
  return total;
}

test('no check fails, whatever goes wrong and wherever a run is killed', async () => {
  const total = await playAll(scripts(), { seed: 8, runs: 110 });
  // Checks that the schedules covered these cases.
  for (const what of [
    ...['recorded fulls', 'recorded increments', 'recorded later', 'POST delete', 'killed'],
    'locks refused',
    ...['found incomplete', 'complete uploads read badly', 'bases found', 'tables lost'],
    ...['increments on a full backup', 'increments in a short chain'],
    ...['skipped without the lock', 'skipped under the lock', 'skipped by list'],
    ...['exit 0', 'exit 1', 'exit 11', 'exit 12', 'exit 13', 'exit 14', 'exit 143'],
  ]) {
    expect([what, total.get(what) ?? 0]).not.toEqual([what, 0]);
  }
  expect(total.get('effects')).toBeGreaterThan(20_000);
}, 120_000);

test('no check fails over real sockets', async () => {
  const transports = new HttpTransports();
  try {
    const options = () => ({ transportOf: transports.transportOf });
    await playAll(scripts(), { seed: 7, runs: 8 }, options);
  } finally {
    await transports.close();
  }
}, 120_000);

test('without faults, every backup succeeds with two or three lists', async () => {
  const wrong: string[] = [];
  const onEnd: ScenarioOptions['onEnd'] = ({ base, created = '', lists, step }, code) => {
    if (!step.command.startsWith('create-') || created === '') return;
    // Without a last-backup file, --if-older-than lists the remote storage first.
    const isLooking = step.command.includes('--if-older-than') && lists[0]?.where === 'remote';
    const count = lists.length - Number(isLooking);
    const least = step.command.startsWith('create-full') ? 2 : 3;
    const isFull = code === 0 && count === 2;
    // A storage without backups is listed three times, because it may be down.
    const isSearched = step.command.includes('--find-base') && base === '' && count === 4;
    if (code !== 0 || !(count === least || isFull || isSearched)) {
      wrong.push(`${step.command}: exit ${code} after ${lists.length} lists`);
    }
  };
  await playAll(scripts({ faultFree: true }), { seed: 1, runs: 30 }, () => ({ onEnd }));
  expect(wrong).toEqual([]);
}, 120_000);
