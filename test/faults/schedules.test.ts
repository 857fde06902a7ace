import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scripts } from './arbitrary.js';
import { HttpWires } from './http-wire.js';
import { play } from './play.js';
import { describeScript, type Script } from './script.js';
import type { SceneOptions } from './scene.js';

/** The same schedules each time; `npm run test:faults -- --runs N --seed S` plays others. */
async function playAll(
  schedules: fc.Arbitrary<Script>,
  { seed, runs }: { seed: number; runs: number },
  optionsOf: () => SceneOptions = () => ({}),
): Promise<Map<string, number>> {
  const total = new Map<string, number>();
  const property = fc.asyncProperty(schedules, async (script) => {
    for (const [what, count] of await play(script, optionsOf())) {
      total.set(what, (total.get(what) ?? 0) + count);
    }
  });
  const result = await fc.check(property, { seed, numRuns: runs });
  const [script] = result.counterexample ?? [];
  if (script !== undefined) {
    const again = `npm run test:faults -- --seed ${seed} --path ${result.counterexamplePath}`;
    throw new Error(`${String(result.errorInstance)}\n${again}\n${describeScript(script)}`);
  }
  return total;
}

test('whatever fails, wherever it is killed, no promise is broken', async () => {
  const total = await playAll(scripts(), { seed: 1, runs: 180 });
  // They met what they are for.
  for (const what of [
    ...['recorded fulls', 'recorded increments', 'recorded later', 'POST delete', 'killed'],
    'locks refused',
    ...['exit 0', 'exit 1', 'exit 11', 'exit 12', 'exit 13', 'exit 14', 'exit 143'],
  ]) {
    expect([what, total.get(what) ?? 0]).not.toEqual([what, 0]);
  }
  expect(total.get('effects')).toBeGreaterThan(20_000);
}, 120_000);

test('the same over real sockets', async () => {
  const wires = new HttpWires();
  try {
    const options = () => ({ transportOf: wires.transportOf });
    await playAll(scripts(), { seed: 7, runs: 8 }, options);
  } finally {
    await wires.close();
  }
}, 120_000);

test('where nothing fails, every backup succeeds, with two lists or three', async () => {
  const wrong: string[] = [];
  const onEnd: SceneOptions['onEnd'] = ({ created = '', lists, step }, code) => {
    if (!step.command.startsWith('create-') || created === '') return;
    const least = step.command === 'create-full' ? 2 : 3;
    const isFull = code === 0 && lists.length === 2;
    if (code !== 0 || !(lists.length === least || isFull)) {
      wrong.push(`${step.command}: exit ${code} after ${lists.length} lists`);
    }
  };
  await playAll(scripts({ peaceful: true }), { seed: 1, runs: 50 }, () => ({ onEnd }));
  expect(wrong).toEqual([]);
}, 120_000);
