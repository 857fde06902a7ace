import fc from 'fast-check';
import { fault, incomplete, requestFault, tableLost, tableReadFault } from './fault-arbitrary.js';
import type { Command, Fault, HostSetup, RunStep, Script, Step, Trouble } from './script.js';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

const asTrouble = (one: Fault) => ({ kind: 'fault' as const, fault: one });

const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      request: fc.integer({ min: 1, max: 24 }),
      what: fc.oneof(requestFault, fault.map(asTrouble)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      request: fc.integer({ min: 1, max: 6 }),
      among: fc.constant('table reads' as const),
      afterMs: fc.constantFrom(0, 0, 20, 5 * second, 30 * second),
      what: fc.oneof(
        { weight: 3, arbitrary: tableReadFault.map(asTrouble) },
        { weight: 1, arbitrary: requestFault },
      ),
    }),
  },
);

const commands: { weight: number; command: Command }[] = [
  { weight: 6, command: 'create-full' },
  { weight: 1, command: 'create-full --if-older-than 50m' },
  { weight: 1, command: 'create-full --if-older-than 20h' },
  { weight: 1, command: 'list' },
  { weight: 4, command: 'delete-remote --keep 1 --yes' },
  { weight: 3, command: 'delete-remote --keep 2 --yes' },
  { weight: 2, command: 'delete-remote --all --yes' },
  { weight: 2, command: 'delete-remote --broken --yes' },
  { weight: 2, command: 'delete-remote --older-than 1h --yes' },
  { weight: 1, command: 'delete-remote --keep 1 --dry-run --yes' },
  { weight: 2, command: 'delete-local --keep 1 --yes' },
  { weight: 1, command: 'restore-table latest shop.orders --append' },
  { weight: 1, command: 'restore-table latest shop.orders --schema --yes' },
  { weight: 1, command: 'restore-table latest shop.lines --schema --yes' },
  { weight: 1, command: 'restore-table latest shop.lines --schema --drop-unsaved-rows --yes' },
  { weight: 1, command: 'restore-table latest shop.mv --schema --yes' },
  { weight: 1, command: 'restore-table latest shop.mv' },
];

/** An increment with some of the options that choose its base. */
const diff: fc.Arbitrary<Command> = fc
  .tuple(
    fc.constantFrom('', '', '', ' --base full'),
    fc.constantFrom('', '', '', '', ' --max-chain 1', ' --max-chain 2', ' --max-chain 3'),
    fc.constantFrom('', '', ' --find-base'),
    fc.constantFrom('', '', '', '', '', '', '', ' --without-base fail'),
    fc.constantFrom('', '', '', '', '', ' --if-older-than 2m', ' --if-older-than 50m'),
  )
  .map((options): Command => `create-diff${options.join('')}`);

const findingBase = (command: Command): Command =>
  command.includes('--find-base') ? command : `create-diff --find-base${command.slice(11)}`;

const none = <T>(value: T) => fc.constant(value);

function runStep(faultFree: boolean, stateless = false): fc.Arbitrary<RunStep> {
  return fc.record({
    do: fc.constant('run' as const),
    host: fc.nat({ max: 1 }),
    command: fc.oneof(
      ...commands.map(({ weight, command }) => ({ weight, arbitrary: fc.constant(command) })),
      { weight: 17, arbitrary: diff },
      ...(stateless ? [{ weight: 30, arbitrary: diff.map(findingBase) }] : []),
    ),
    stateless: fc.constant(stateless),
    wait: faultFree ? none('2h') : fc.constantFrom('30m', '0', '20s', '1m'),
    timeout: faultFree ? none('24h') : fc.constantFrom('3h', '3h', '3h', '10s', '1m'),
    password: faultFree
      ? none('right' as const)
      : fc.oneof(
          { weight: 40, arbitrary: none('right' as const) },
          { weight: 1, arbitrary: none('wrong' as const) },
        ),
    background: faultFree ? none(false) : fc.constantFrom(false, false, true),
    killAfter: faultFree
      ? none(0)
      : fc.oneof(
          { weight: 3, arbitrary: none(0) },
          { weight: 1, arbitrary: fc.integer({ min: 1, max: 40 }) },
        ),
    signalAfterMs: faultFree
      ? none(-1)
      : fc.oneof(
          { weight: 7, arbitrary: none(-1) },
          { weight: 1, arbitrary: fc.constantFrom(0, 100, 700, 1500, 3000, minute) },
        ),
    troubles: faultFree
      ? none([])
      : fc.oneof(
          { weight: 1, arbitrary: none([]) },
          { weight: 1, arbitrary: fc.array(trouble, { minLength: 1, maxLength: 3 }) },
        ),
  });
}

const passing: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('pass' as const),
  ms: fc.constantFrom(10, 500, 1500, 4 * second, 40 * second, 5 * minute, hour, 24 * hour),
});

const hostSetup: fc.Arbitrary<HostSetup> = fc.record({
  version: fc.constantFrom(...(['2.8.1', '2.7.0', '2.8.1', '2.7.0', '2.6.30', '2.4.0'] as const)),
  keepLocal: fc.constantFrom(6, 6, 2, 1, -1, 0),
  keepRemote: fc.constantFrom(336, 3, 2, 1),
  createMs: fc.constantFrom(150, 150, 150, 150, 150, 150, 1000, 5 * minute),
  uploadMs: fc.constantFrom(150, 150, 150, 150, 150, 150, 2 * second, 20 * minute),
  listMs: fc.constantFrom(0, 0, 2 * second),
  // The simulated servers have five tables: with the last one, a read takes more than ten minutes.
  tableReadMs: fc.constantFrom(0, 0, 0, 0, 30, 30, 2 * second, 15 * second, 130 * second),
  uploadByPart: fc.constantFrom(true, true, true, false),
  foreign: fc.constantFrom(false, false, true),
  earlierBackups: fc.constantFrom(
    [],
    [],
    ['FULL' as const],
    ['FULL' as const, 'DIFF' as const],
    ['FULL' as const, 'DIFF' as const, 'FULL' as const],
    ['FULL' as const, 'DIFF' as const, 'DIFF' as const, 'FULL' as const, 'DIFF' as const],
  ),
});

/** Generates schedules of runs and faults; with `faultFree`, nothing goes wrong in them. */
export function scripts({ faultFree = false } = {}): fc.Arbitrary<Script> {
  const faultStep: fc.Arbitrary<Step> = fc.record({
    do: fc.constant('fault' as const),
    host: fc.nat({ max: 1 }),
    fault,
  });
  const betweenRuns: fc.Arbitrary<Step> = fc.record({
    do: fc.constant('fault' as const),
    host: fc.nat({ max: 1 }),
    fault: fc.oneof({ weight: 3, arbitrary: incomplete }, { weight: 2, arbitrary: tableLost }),
  });
  return fc.record({
    hosts: fc.array(hostSetup, { minLength: 1, maxLength: 2 }),
    sharedStorage: faultFree ? fc.constant(false) : fc.boolean(),
    steps: fc.array(
      fc.oneof(
        { weight: 12, arbitrary: runStep(faultFree) },
        { weight: 2, arbitrary: runStep(faultFree, true) },
        { weight: 4, arbitrary: passing },
        { weight: faultFree ? 0 : 3, arbitrary: faultStep },
        { weight: faultFree ? 0 : 3, arbitrary: betweenRuns },
      ),
      { minLength: 1, maxLength: 10, size: 'max' },
    ),
  });
}
