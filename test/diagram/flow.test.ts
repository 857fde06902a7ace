import { describe, expect, test } from 'vitest';
import { allMoves, edges, nodes } from '../../diagram/flow.js';
import { type Step, steps } from '../../src/use-cases/steps.js';
import type { Result } from '../support/harness.js';
import { playHandOver } from './hand-over.js';
import { type Scenario, scenarios } from './scenarios.js';
import { Stage } from './stage.js';

const minute = 60_000;
const drawn = new Set(allMoves().map(nameOf));

/** The results of the scenarios and their variations; each runs once, even if several tests use it. */
const played = new Map<string, Promise<Result>>();

function play(
  scenario: Scenario,
  happening?: (stage: Stage) => void,
  suffix = '',
): Promise<Result> {
  const name = scenario.name + suffix;
  const result = played.get(name) ?? new Stage(scenario).play(scenario, happening);
  played.set(name, result);
  return result;
}

function nameOf({ from, to }: { from: Step; to: Step }): string {
  return `${from} → ${to}`;
}

function movesOf({ steps: entered }: Result): string[] {
  return entered.slice(1).map((to, at) => nameOf({ from: entered[at] ?? to, to }));
}

/** Returns a sentence for each move of a run that the diagram does not show. */
function undrawnIn(result: Result): string[] {
  return movesOf(result)
    .filter((move) => !drawn.has(move))
    .map((move) => `the program made the move ${move}, which is not in diagram/flow.ts`);
}

/** Returns the first scenario that reaches the step by itself. */
async function scenarioWith(step: Step): Promise<Scenario> {
  for (const scenario of scenarios) {
    if ((await play(scenario)).steps.includes(step)) return scenario;
  }
  throw new Error(`no scenario reaches the step '${step}': add one to test/diagram/scenarios.ts`);
}

const stepsWithRequests = steps.filter((step) => nodes[step].asksServer);

const stepsWithHandOver = steps.filter((step) => nodes[step].mayHandOver);

async function playBusyAt(step: Step): Promise<Result> {
  const scenario = await scenarioWith(step);
  const happening = ({ harness, simulator }: Stage) =>
    harness.when(step, () => simulator.busyWith('watch', minute));
  return play(scenario, happening, `, and the server is busy at ${step}`);
}

async function playFailingAt(step: Step): Promise<Result> {
  const scenario = await scenarioWith(step);
  return play(scenario, (stage) => stage.failEverythingAt(step), `, and ${step} fails`);
}

describe('each move of the program is in the diagram', () => {
  test.for(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    '%s',
    async ([, scenario]) => {
      const result = await play(scenario);
      expect(result).toMatchObject({ code: scenario.code });
      expect(undrawnIn(result)).toEqual([]);
      expect([result.steps[0], result.steps.at(-1)]).toEqual(['start', 'end']);
    },
  );

  test.for(stepsWithRequests)('the server is busy at the step %s', async (step) => {
    expect(undrawnIn(await playBusyAt(step))).toEqual([]);
  });

  test.for(stepsWithHandOver)('another replica takes over at the step %s', async (step) => {
    const result = await playHandOver(step);
    expect(result).toMatchObject({ code: 0 });
    expect(movesOf(result)).toContain(nameOf({ from: step, to: 'check-server' }));
    expect(undrawnIn(result)).toEqual([]);
  });

  test.for(steps)('everything fails from the step %s on', async (step) => {
    expect(undrawnIn(await playFailingAt(step))).toEqual([]);
  });
});

test('each move in the diagram is made by a scenario', async () => {
  const results = [
    ...(await Promise.all(scenarios.map((scenario) => play(scenario)))),
    ...(await Promise.all(stepsWithRequests.map(playBusyAt))),
    ...(await Promise.all(steps.map(playFailingAt))),
    ...(await Promise.all(stepsWithHandOver.map(playHandOver))),
  ];
  const made = new Set(results.flatMap(movesOf));
  const unused = [...drawn].filter((move) => !made.has(move));
  expect(unused.map((move) => `${move} is in diagram/flow.ts, but no scenario makes it`)).toEqual(
    [],
  );
});

describe('the flow is well-formed', () => {
  const outOf = (step: Step) => edges.filter(({ from }) => from === step);
  const into = (step: Step) => allMoves().filter(({ to }) => to === step);

  test('each step of the program is a node', () => {
    const undrawn = steps.filter((step) => !(step in nodes));
    const advice = 'add it to the nodes of diagram/flow.ts, and its moves to the edges';
    expect(undrawn.map((step) => `the step '${step}' is missing: ${advice}`)).toEqual([]);
  });

  test.for(steps)('%s has the incoming and outgoing moves of its kind', (step) => {
    const { kind } = nodes[step];
    expect(into(step).length > 0).toBe(kind !== 'start');
    const labels = outOf(step).map(({ label }) => label);
    if (kind === 'condition') {
      expect(labels.length).toBeGreaterThan(1);
      expect(labels).not.toContain(undefined);
      expect(new Set(labels).size).toBe(labels.length);
    } else {
      const exits = kind === 'end' || step === 'wait-for-server' ? 0 : 1;
      expect(labels).toEqual(Array.from({ length: exits }, () => undefined));
    }
  });

  test('no move is in the diagram twice', () => {
    expect(drawn.size).toBe(allMoves().length);
  });
});
