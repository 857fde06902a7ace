import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { scripts } from './arbitrary.js';
import { clusterScripts, describeCluster } from './cluster-script.js';
import { howToRepeat, type Kind } from './how-to-repeat.js';
import { playCluster } from './play-cluster.js';
import { playScript, type Tally } from './play-script.js';
import { describeScript } from './script.js';

type Trace = (line: string) => void;

/** How the scripts of one kind are made, played and shown. */
interface Game<Script> {
  kind: Kind;
  arbitrary: fc.Arbitrary<Script>;
  play: (script: Script, trace?: Trace) => Promise<Tally>;
  describe: (script: Script) => string;
  /** The number of scripts with the same seed. */
  batchSize: number;
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    clusters: { type: 'string' },
    seed: { type: 'string', default: '1' },
    path: { type: 'string' },
  },
});
const schedules = readNumber('runs', values.runs);
const clusters = readNumber('clusters', values.clusters ?? `${Math.ceil(schedules / 10)}`);
const firstSeed = readNumber('seed', values.seed);
if (values.path !== undefined && schedules + clusters !== 1) {
  throw new Error('--path is of one script: pass --runs 1 --clusters 0, or --runs 0 --clusters 1');
}

let unhandled: Error | undefined;
process.on('unhandledRejection', (reason) => {
  unhandled ??= new Error(`unhandled rejection: ${String(reason)}`);
});

/** Plays scripts in batches, each with its own seed; returns false after a failure. */
async function playAll<Script>(game: Game<Script>, wanted: number): Promise<boolean> {
  const { kind, arbitrary, play, batchSize } = game;
  const startMs = performance.now();
  const total = new Map<string, number>();
  let played = 0;
  const property = fc.asyncProperty(arbitrary, async (script) => {
    for (const [what, count] of await play(script)) total.set(what, (total.get(what) ?? 0) + count);
    played++;
    if (unhandled !== undefined) throw unhandled;
  });
  let isGood = true;
  for (let batch = 0; isGood && batch * batchSize < wanted; batch++) {
    const seed = firstSeed + batch;
    isGood = await playBatch(game, property, seed, Math.min(batchSize, wanted - batch * batchSize));
    if (!isGood) break;
    const seconds = (performance.now() - startMs) / 1000;
    const counts = `${played} ${kind}, ${total.get('runs') ?? 0} runs`;
    const rate = Math.round((played / seconds) * 60);
    console.log(`seed ${seed}: ${counts}, ${Math.round(seconds)} s, ${rate} a minute`);
  }
  for (const what of [...total.keys()].sort()) console.log(`${total.get(what)} ${what}`);
  return isGood;
}

/** Returns false if a script failed, after printing how to repeat it and what happens in it. */
async function playBatch<Script>(
  { kind, play, describe }: Game<Script>,
  property: fc.IAsyncProperty<[Script]>,
  seed: number,
  numRuns: number,
): Promise<boolean> {
  const { path } = values;
  const result = await fc.check(property, { seed, numRuns, ...(path !== undefined && { path }) });
  if (!result.failed) return true;
  console.log(`\nfailed: ${howToRepeat(kind, seed, result.counterexamplePath)}`);
  console.log(String(result.errorInstance));
  const script = result.counterexample?.[0];
  if (script === undefined) return false;
  console.log(`\n${describe(script)}\n`);
  await play(script, console.log).catch((error: unknown) => console.log(String(error)));
  return false;
}

function readNumber(option: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`--${option} ${text} is not a number`);
  return Number(text);
}

const onHosts = {
  kind: 'schedules' as const,
  arbitrary: scripts(),
  play: (script: Parameters<typeof playScript>[0], trace?: Trace) =>
    playScript(script, trace === undefined ? {} : { trace }),
  describe: describeScript,
  batchSize: 500,
};
const onClusters = {
  kind: 'clusters' as const,
  arbitrary: clusterScripts,
  play: playCluster,
  describe: describeCluster,
  batchSize: 200,
};
const isGood = (await playAll(onHosts, schedules)) && (await playAll(onClusters, clusters));
if (!isGood) process.exitCode = 1;
