import { Scenario, type ScenarioOptions } from './scenario.js';
import { type Command, runStep, type Script } from './script.js';
import { remoteStateOf } from './remote-state.js';
import { completeChain } from './list-oracle.js';
import { FailedCheckError } from './schedule-record.js';
import { canTell } from './table-reads.js';

const day = 24 * 3_600_000;

/** How often each thing happened. */
export type Tally = ReadonlyMap<string, number>;

/** Runs a script to its end. Rejects with `FailedCheckError` at the first check that fails. */
export async function playScript(script: Script, options: ScenarioOptions = {}): Promise<Tally> {
  const scenario = new Scenario(script, options);
  try {
    await scenario.time.play(async () => {
      for (const step of script.steps) {
        await performStep(scenario, step);
        throwIfFailed(scenario);
      }
      await scenario.rest();
      throwIfFailed(scenario);
      await recover(scenario);
    });
  } finally {
    scenario.end();
  }
  return scenario.schedule.tally;
}

async function performStep(scenario: Scenario, step: Script['steps'][number]): Promise<void> {
  const { time } = scenario;
  switch (step.do) {
    case 'pass':
      return time.clock.sleep(step.ms);
    case 'fault':
      return scenario.injectFault(step.fault, scenario.host(step.host));
    case 'run': {
      if (step.stateless) await scenario.loseFiles();
      const { done } = scenario.start(step);
      if (!step.background) await time.wait(done);
    }
  }
}

function throwIfFailed({ schedule }: Scenario): void {
  if (schedule.failedCheck !== undefined) throw schedule.failedCheck;
}

/** Checks that, once all faults are over, a FULL and a DIFF based on it succeed on each host. */
async function recover(scenario: Scenario): Promise<void> {
  scenario.liftFaults();
  await scenario.time.clock.sleep(2 * day);
  for (const at of scenario.hosts.keys()) {
    const full = await succeed(scenario, at, 'create-full');
    const diff = await succeed(scenario, at, 'create-diff');
    throwIfFailed(scenario);
    const remoteState = remoteStateOf(scenario.host(at).simulator);
    const chain = completeChain((name) => remoteState.get(name), diff) ?? [];
    const isDiff = chain.join() === [diff, full].join();
    const { uploadByPart } = scenario.host(at).setup;
    const mayBeFull = !canTell(scenario.host(at)) || !uploadByPart;
    if (isDiff || (chain.length === 1 && mayBeFull)) continue;
    throw new FailedCheckError(
      `after recovery, ${diff} is based on [${chain.slice(1).join()}], not on ${full}`,
    );
  }
}

async function succeed(scenario: Scenario, host: number, command: Command): Promise<string> {
  const step = runStep(command, { host });
  const { run, done } = scenario.start(step);
  const code = await scenario.time.wait(done);
  throwIfFailed(scenario);
  if (code !== 0)
    throw new FailedCheckError(`after recovery, ${command} still ends with exit ${code}`);
  return run.created ?? '';
}
