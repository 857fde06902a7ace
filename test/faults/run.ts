import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { scripts } from './arbitrary.js';
import { playScript } from './play-script.js';
import { describeScript, type Script } from './script.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    path: { type: 'string' },
  },
});
const batchSize = 500;

const startMs = performance.now();
let schedules = 0;
let unhandled: Error | undefined;
const total = new Map<string, number>();

async function runCounted(script: Script): Promise<void> {
  for (const [what, count] of await playScript(script))
    total.set(what, (total.get(what) ?? 0) + count);
  schedules++;
  if (unhandled !== undefined) throw unhandled;
}

function report(): string {
  const seconds = (performance.now() - startMs) / 1000;
  const rate = Math.round((schedules / seconds) * 60);
  const [runs, effects] = [total.get('runs') ?? 0, total.get('effects') ?? 0];
  return `${schedules} schedules, ${runs} runs, ${effects} effects, ${Math.round(seconds)} s, ${rate} a minute`;
}

/** Runs one batch with its own seed; returns false after a failure. */
async function runBatch(seed: number, runs: number, path?: string): Promise<boolean> {
  const parameters = { seed, numRuns: runs, ...(path === undefined ? {} : { path }) };
  const result = await fc.check(fc.asyncProperty(scripts(), runCounted), parameters);
  if (!result.failed) return true;
  const script = result.counterexample?.[0];
  console.log(`\nfailed: --seed ${seed} --path ${result.counterexamplePath ?? ''}`);
  console.log(String(result.errorInstance));
  if (script === undefined) return false;
  console.log(`\n${describeScript(script)}\n`);
  await playScript(script, { trace: console.log }).catch((error: unknown) =>
    console.log(String(error)),
  );
  return false;
}

process.on('unhandledRejection', (reason) => {
  unhandled ??= new Error(`unhandled rejection: ${String(reason)}`);
});

const firstSeed = Number(values.seed);
const wanted = values.path === undefined ? Number(values.runs) : 1;
for (let batch = 0; batch * batchSize < wanted; batch++) {
  const runs = Math.min(batchSize, wanted - batch * batchSize);
  if (!(await runBatch(firstSeed + batch, runs, values.path))) {
    process.exitCode = 1;
    break;
  }
  console.log(`seed ${firstSeed + batch}: ${report()}`);
}
for (const what of [...total.keys()].sort()) console.log(`${total.get(what)} ${what}`);
