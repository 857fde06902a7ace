import fc from 'fast-check';
import { expect, test } from 'vitest';
import { brokenFolder, Receiver, receiverKinds } from '../support/monitors.js';
import { ClusterScene, type MonitorsOf } from './cluster-scene.js';
import { type ClusterRunStep, type ClusterScript, clusterScripts } from './cluster-script.js';
import { calm, playCluster } from './play-cluster.js';

const numRuns = Number(process.env['MONITOR_RUNS'] ?? 60);
const urls = ['https://hc/UUID', 'https://hc/{shard}', 'https://hc/{shard}/{command}?create=1'];

/** Returns the environment of a run whose monitors behave like that. */
const monitorsLike =
  (kind: number, receivers: Receiver[] = []): MonitorsOf =>
  (clock) => {
    const receiver = new Receiver(clock);
    receivers.push(receiver);
    receiver.receiving = receiverKinds.slice(kind % receiverKinds.length).slice(0, 1);
    return {
      env: {
        CHBACKUP_PING_URL: urls[kind % urls.length],
        CHBACKUP_METRICS_DIR: '/metrics',
      },
      pingTransport: receiver.open,
      metricsFolder: brokenFolder(kind % 2 === 0 ? 'hangs' : 'full', clock),
    };
  };

/** Plays the faults of a script, then one run of it; returns how and when that ended. */
async function playLastRun(
  { steps, ...script }: ClusterScript,
  monitorsOf: MonitorsOf | undefined,
): Promise<{ code: number; endMs: number; errors: string[] }> {
  let isLast = false;
  const scene = new ClusterScene({ ...script, steps }, undefined, (clock, run) => {
    return isLast ? monitorsOf?.(clock, run) : undefined;
  });
  const orders = script.shards.map(() => 'ab' as const);
  const full: ClusterRunStep = { ...calm, command: 'create-full', orders };
  if (script.hasFull) await scene.start(full).done;
  for (const step of steps) {
    if (step.do === 'fault') scene.addFault(step);
    if (step.do === 'wait') await scene.clock.sleep(step.ms);
  }
  isLast = true;
  const step = steps.find((one) => one.do === 'run') ?? { ...full, command: 'create-diff' };
  const { run, done } = scene.start({ ...step, killAfter: 0, background: false });
  const code = await done;
  const endMs = scene.clock.elapsed();
  if (scene.record.failedCheck !== undefined) throw scene.record.failedCheck;
  const errors = run.stderr.split('\n').filter((line) => line.includes('::::[ERROR]'));
  scene.liftFaults();
  return { code, endMs, errors };
}

test('with every monitor dead or slow, a run has the same exit code, at most 30 s later', async () => {
  const codes = new Set<number>();
  let pings = 0;
  const kinds = fc.nat({ max: 59 });
  const property = fc.asyncProperty(clusterScripts, kinds, async (script, kind) => {
    const alone = await playLastRun(script, undefined);
    const receivers: Receiver[] = [];
    const watched = await playLastRun(script, monitorsLike(kind, receivers));
    pings += receivers.reduce((sum, receiver) => sum + receiver.pings.length, 0);
    expect([watched.code, watched.errors]).toEqual([alone.code, alone.errors]);
    const laterMs = watched.endMs - alone.endMs;
    expect(laterMs).toBeGreaterThanOrEqual(0);
    expect(laterMs).toBeLessThanOrEqual(alone.code === 143 ? 3000 : 30_000);
    codes.add(alone.code);
  });
  await fc.assert(property, { seed: 11, numRuns });
  for (const code of [0, 3, 13, 143]) expect([code, codes.has(code)]).toEqual([code, true]);
  expect(pings).toBeGreaterThan(numRuns);
}, 120_000);

test('no other check fails while every monitor is dead or slow', async () => {
  const kinds = fc.nat({ max: 59 });
  const property = fc.asyncProperty(clusterScripts, kinds, async (script, kind) => {
    await playCluster(script, undefined, (clock, run) => monitorsLike(kind + run.id)(clock, run));
  });
  await fc.assert(property, { seed: 12, numRuns: numRuns / 4 });
}, 120_000);
