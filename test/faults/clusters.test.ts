import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clusterScripts, describeCluster } from './cluster-script.js';
import { howToRepeat } from './how-to-repeat.js';
import { playCluster } from './play-cluster.js';

const seed = Number(process.env['CLUSTER_SEED'] ?? 3);
const numRuns = Number(process.env['CLUSTER_RUNS'] ?? 40);

/** What the scripts of one run must have covered. */
const cases = [
  ...['handed over right before the create', 'shards without a usable replica'],
  ...['fallbacks', 'backups left open', 'backups called failed', 'recorded later'],
  ...['recorded: full', 'recorded: increment', 'recorded in files of another replica'],
  ...['diffs uploaded in full', 'diffs on their base', 'quiet runs', 'killed'],
  ...['exit 0', 'exit 3', 'exit 13', 'exit 143'],
];

test(
  'no check fails on clusters, whichever replica fails and when',
  async () => {
    const total = new Map<string, number>();
    const property = fc.asyncProperty(clusterScripts, async (script) => {
      for (const [what, count] of await playCluster(script)) {
        total.set(what, (total.get(what) ?? 0) + count);
      }
    });
    const result = await fc.check(property, { seed, numRuns });
    const [script] = result.counterexample ?? [];
    if (script !== undefined) {
      const command = howToRepeat('clusters', seed, result.counterexamplePath);
      const lines: string[] = [];
      await playCluster(script, (line) => lines.push(line)).catch(() => undefined);
      const text = [String(result.errorInstance), command, describeCluster(script), ...lines];
      throw new Error(text.join('\n'));
    }
    const missing = cases.filter((what) => !total.has(what));
    expect(missing).toEqual([]);
  },
  Math.max(120_000, numRuns * 1000),
);
