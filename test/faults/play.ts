import { Scene, type SceneOptions } from './scene.js';
import { type Command, runStep, type Script } from './script.js';
import { truthOf } from './truth.js';
import { wholeChain } from './list-oracle.js';
import { BrokenPromiseError } from './ledger.js';

const day = 24 * 3_600_000;

/** What happened how often. */
export type Tally = ReadonlyMap<string, number>;

/** Plays a script to its end. Rejects with `BrokenPromiseError` at the first broken promise. */
export async function play(script: Script, options: SceneOptions = {}): Promise<Tally> {
  const scene = new Scene(script, options);
  try {
    await scene.time.play(async () => {
      for (const step of script.steps) {
        await playStep(scene, step);
        throwIfBroken(scene);
      }
      await scene.rest();
      throwIfBroken(scene);
      await recover(scene);
    });
  } finally {
    scene.end();
  }
  return scene.ledger.tally;
}

async function playStep(scene: Scene, step: Script['steps'][number]): Promise<void> {
  const { time } = scene;
  switch (step.do) {
    case 'pass':
      return time.clock.sleep(step.ms);
    case 'fault':
      return scene.inflict(step.fault, scene.host(step.host));
    case 'run': {
      const { done } = scene.start(step);
      if (!step.background) await time.wait(done);
    }
  }
}

function throwIfBroken({ ledger }: Scene): void {
  if (ledger.broken !== undefined) throw ledger.broken;
}

/** Whatever happened: when all is well again, a FULL and a DIFF upon it succeed on each host. */
async function recover(scene: Scene): Promise<void> {
  scene.liftFaults();
  await scene.time.clock.sleep(2 * day);
  for (const at of scene.hosts.keys()) {
    const full = await succeed(scene, at, 'create-full');
    const diff = await succeed(scene, at, 'create-diff');
    throwIfBroken(scene);
    const truth = truthOf(scene.host(at).simulator);
    const chain = wholeChain((name) => truth.get(name), diff) ?? [];
    const isDiff = chain.join() === [diff, full].join();
    const { version, uploadByPart } = scene.host(at).setup;
    const mayBeFull = version !== '2.8.1' || !uploadByPart;
    if (isDiff || (chain.length === 1 && mayBeFull)) continue;
    throw new BrokenPromiseError(
      `after all, ${diff} stands on [${chain.slice(1).join()}], not ${full}`,
    );
  }
}

async function succeed(scene: Scene, host: number, command: Command): Promise<string> {
  const step = runStep(command, { host });
  const { run, done } = scene.start(step);
  const code = await scene.time.wait(done);
  throwIfBroken(scene);
  if (code !== 0)
    throw new BrokenPromiseError(`after all, ${command} still ends with exit ${code}`);
  return run.created ?? '';
}
