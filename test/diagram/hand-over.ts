import type { Step } from '../../src/use-cases/steps.js';
import { ClusterHarness } from '../support/cluster-harness.js';
import type { Result } from '../support/harness.js';

const shard = 'ch-1a|ch-1b';
const minute = 60_000;

/** What leads a run to each step at which another replica can take over. */
const ways: Partial<Record<Step, (cluster: ClusterHarness) => Promise<string[]>>> = {
  async recover(cluster) {
    const running = cluster.start('create-full', shard);
    await cluster.clock.sleep(minute);
    running.signal('SIGTERM');
    await running.done;
    return ['create-full'];
  },
  async 'young-now'(cluster) {
    await cluster.run('create-full', 'ch-2a');
    cluster.writeFile('ch-1a_backup_ch.log', '');
    return ['create-full', '--if-older-than', '20h'];
  },
  'list-names': () => Promise.resolve(['create-full']),
  async 'verify-base'(cluster) {
    await cluster.run('create-full', shard);
    return ['create-diff'];
  },
  async 'retry-check'(cluster) {
    await cluster.run('create-full', shard);
    cluster.at('ch-1a').setIncomplete(cluster.lastBackup('ch-1a') ?? '');
    return ['create-diff'];
  },
  create: () => Promise.resolve(['create-full']),
};

/** Plays a run in which the first replica dies at a step, and the second one takes over. */
export async function playHandOver(step: Step): Promise<Result> {
  const way = ways[step];
  if (way === undefined) {
    throw new Error(`no hand-over at the step '${step}': add one to test/diagram/hand-over.ts`);
  }
  const cluster = new ClusterHarness();
  const workMs = { upload: 10 * minute };
  cluster.addShard(['ch-1a', 'ch-1b'], { workMs });
  cluster.addShard(['ch-2a'], { workMs });
  try {
    const [command = '', ...options] = await way(cluster);
    const die = () => cluster.dead.add('ch-1a');
    // The list that can fail follows the third pause.
    const third = () => cluster.when(step, () => cluster.when(step, die));
    cluster.when(step, step === 'retry-check' ? third : die);
    const result = await cluster.run(command, shard, ...options);
    cluster.check();
    return result;
  } finally {
    cluster.close();
  }
}
