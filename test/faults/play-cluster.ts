import type { ClusterRun } from './cluster-record.js';
import { ClusterScene, type MonitorsOf } from './cluster-scene.js';
import type { ClusterRunStep, ClusterScript, Order } from './cluster-script.js';

export const calm: Pick<
  ClusterRunStep,
  'do' | 'parallel' | 'signalAfterMs' | 'killAfter' | 'background'
> = { do: 'run', parallel: true, signalAfterMs: 0, killAfter: 0, background: false };

/** Plays a script, then repeats with all servers up. Throws the first check that failed. */
export async function playCluster(
  script: ClusterScript,
  trace?: (line: string) => void,
  monitorsOf?: MonitorsOf,
): Promise<Map<string, number>> {
  const scene = new ClusterScene(script, trace, monitorsOf);
  const { record, clock } = scene;
  const throwFailed = () => {
    if (record.failedCheck !== undefined) throw record.failedCheck;
  };
  const orders = script.shards.map((): Order => 'ab');
  if (script.hasFull) await runAndCheck(scene, { ...calm, command: 'create-full', orders });
  for (const step of script.steps) {
    if (step.do === 'fault') scene.addFault(step);
    else if (step.do === 'wait') await clock.sleep(step.ms);
    else if (step.background) {
      scene.start(step);
      await clock.sleep(1000);
    } else await runAndCheck(scene, step);
    throwFailed();
  }
  await scene.rest();
  // A name is not used twice in a second, and a killed run's program has really ended.
  await clock.sleep(2000);
  scene.liftFaults();
  for (const command of ['create-diff', 'create-full', 'create-diff'] as const) {
    const { run, code } = await runAndCheck(scene, { ...calm, command, orders });
    record.expect(code === 0, run, `with all servers up, ${command} ended with ${code}`);
    const isBackedUp = run.shards.every((hosts) => hosts.some((host) => recordedOn(run, host)));
    record.expect(isBackedUp, run, 'not every shard was backed up');
    record.checkFailed(run);
    throwFailed();
  }
  return record.tally;
}

async function runAndCheck(
  scene: ClusterScene,
  step: ClusterRunStep,
): Promise<{ run: ClusterRun; code: number }> {
  const { run, done } = scene.start(step);
  const code = await done;
  for (const hosts of run.shards) {
    checkBase(scene, run, hosts);
    checkFailure(scene, run, hosts);
  }
  return { run, code };
}

/** Checks that a shard does not fail before a create while one of its replicas can be used. */
function checkFailure({ record }: ClusterScene, run: ClusterRun, hosts: readonly string[]): void {
  // A program that is killed here ends as if it had failed.
  if (run.step.killAfter > 0) return;
  const failed = hosts.join('|');
  const [, why = ''] = run.stderr.split(/; failed: /);
  const [, code] = why.split(`${failed} (`)[1]?.match(/^[^()]*exit (1|13|14)\)/) ?? [];
  if (code === undefined || hosts.some((host) => run.created.has(host))) return;
  const usable = hosts.filter((host) => !run.faulty.has(host));
  record.expect(usable.length === 0, run, `${failed} failed, although ${usable[0]} can be used`);
  record.count('shards without a usable replica');
}

/** Checks which replica a shard's run used, and on which base, if it recorded a backup. */
function checkBase({ record }: ClusterScene, run: ClusterRun, hosts: readonly string[]): void {
  const [host] = hosts.filter((one) => recordedOn(run, one));
  const name = run.created.get(host ?? '');
  if (host === undefined || name === undefined) return;
  const server = record.server(host);
  const base = server.remote.get(name)?.required ?? '';
  const isDiff = run.step.command === 'create-diff';
  record.expect(isDiff || base === '', run, `full backup ${name} is based on ${base}`);
  const last = run.lastBefore.get(name);
  const maker = record.makerOf(last ?? '') ?? '';
  if (run.isQuiet) {
    const preferred = isDiff && hosts.includes(maker) ? maker : hosts[0];
    record.expect(host === preferred, run, `${name} was made by ${host}, not by ${preferred}`);
    record.count('quiet runs');
  }
  if (!isDiff || last === undefined) return;
  record.count(base === '' ? 'diffs uploaded in full' : 'diffs on their base');
  if (base === '') {
    const isSaid = run.stderr.includes('this backup is uploaded in full');
    record.expect(isSaid, run, `${name} is uploaded in full without a warning`);
    const isUsable = host === maker || server.version === '2.8.1';
    const isExcused = !run.isQuiet || !isUsable;
    record.expect(isExcused, run, `${name} is uploaded in full, although ${last} can be used`);
    return;
  }
  record.expect(base === last, run, `${name} is based on ${base}, not on ${last}`);
}

function recordedOn(run: ClusterRun, host: string): boolean {
  return run.recorded.has(run.created.get(host) ?? '');
}
