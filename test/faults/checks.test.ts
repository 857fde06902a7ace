import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createdMsOf } from '../../src/backup/names.js';
import type { Environment } from '../../src/cli/environment.js';
import { afterEndMs } from '../../src/notify/limits.js';
import { type Disk, nodeDisk } from '../../src/state/disk.js';
import { Harness, type Result, versions } from '../support/harness.js';
import { brokenFolder, Receiver, receiverKinds, type Receiving } from '../support/monitors.js';

// A check runs at a random moment, on a server with random faults. It must never call an unknown or old
// backup good, must change nothing, and must be over in time. Its monitoring, if it has any, may be dead.

const second = 1000;
const hour = 3_600_000;
const maxAgeMs = 5 * hour;
const longestMs = 120 * second;

/** What happens before the check. */
const steps = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('create-full', 'create-diff') },
  { weight: 3, arbitrary: fc.constantFrom('wait', 'wait long') },
  fc.constantFrom('create ahead', 'delete', 'break', 'lose the files', 'add a broken one'),
);

/** What is wrong while the check runs. */
const faults = fc.constantFrom(
  ...[
    'none',
    'none',
    'storage down',
    'storage hangs',
    'storage hangs',
    'ClickHouse down',
    'ClickHouse hangs',
  ],
  ...['server down', 'busy', 'busy with our upload', 'list fails', 'list is lost', 'actions fail'],
  ...['rate limit', 'watch'],
);

const scripts = fc.record({
  version: fc.constantFrom(...versions),
  steps: fc.array(steps, { maxLength: 6 }),
  fault: faults,
  /** When the fault begins and ends, from the beginning of the check. */
  fromMs: fc.constantFrom(0, 0, 1, 10 * second, 21 * second),
  untilMs: fc.constantFrom(5 * second, 30 * second, hour, hour),
  isHeld: fc.boolean(),
  deep: fc.boolean(),
  /** How the receiver of pings behaves; undefined: the check is not monitored. */
  receiving: fc.option(fc.constantFrom(...receiverKinds), { nil: undefined }),
});
type Script = typeof scripts extends fc.Arbitrary<infer T> ? T : never;

async function prepare(harness: Harness, step: string): Promise<void> {
  const { clock, simulator } = harness;
  const newest = [...simulator.remote.keys()].at(-1);
  switch (step) {
    case 'create-full':
    case 'create-diff':
      await harness.run(step);
      break;
    case 'wait':
      await clock.sleep(2 * hour);
      break;
    case 'wait long':
      await clock.sleep(9 * hour);
      break;
    case 'create ahead':
      clock.shiftWallClock(7 * hour);
      await harness.run('create-full');
      clock.shiftWallClock(-7 * hour);
      break;
    case 'delete':
      if (newest !== undefined) simulator.deleteBehind('remote', newest);
      break;
    case 'break':
      if (newest !== undefined) simulator.setBroken('remote', newest);
      break;
    case 'lose the files':
      for (const name of harness.files) harness.removeFile(name);
      break;
    default: {
      const name = 'FULL_CH_BK_2026-11-22_09-00-00';
      simulator.addBackup('remote', { name });
      simulator.setBroken('remote', name);
    }
  }
}

function begin({ simulator }: Harness, fault: string): void {
  const body = JSON.stringify({ status: 'error', operation: 'list', error: 'out of memory' });
  const effects: Record<string, () => void> = {
    'storage down': () => (simulator.storageDown = true),
    'storage hangs': () => (simulator.listsHang = true),
    'ClickHouse down': () => (simulator.clickHouseDown = true),
    'ClickHouse hangs': () => (simulator.hang = true),
    'server down': () => (simulator.refuse = true),
    busy: () => simulator.busyWith('upload another', hour),
    'busy with our upload': () => simulator.busyWith('upload DIFF_CH_BK_2026-11-22_09-00-00', hour),
    'list fails': () => simulator.answerNext({ path: /list/ }, { status: 500, body }),
    'list is lost': () => simulator.loseNextAnswer({ path: /list/ }, { done: true }),
    'actions fail': () => simulator.answerNext({ path: /actions/ }, { status: 500, body }),
    'rate limit': () => (simulator.rateLimit = true),
    watch: () => simulator.busyWith('watch', 24 * hour),
  };
  effects[fault]?.();
}

const refuse = (): never => {
  throw new Error('check must not write');
};
const readOnly: Disk = {
  ...nodeDisk(undefined),
  ...{ makeFolder: refuse, replace: refuse, append: refuse, remove: refuse, tryLock: refuse },
};

/** Lets the check ping such a receiver and write to a full directory. */
function monitorLike(harness: Harness, receiving: Receiving | undefined): Partial<Environment> {
  if (receiving === undefined) return {};
  const receiver = new Receiver(harness.clock);
  receiver.receiving = [receiving];
  harness.env = { CHBACKUP_PING_URL: 'https://hc/{command}', CHBACKUP_METRICS_DIR: '/metrics' };
  return { pingTransport: receiver.open, metricsFolder: brokenFolder('full', harness.clock) };
}

interface Outcome {
  status: string;
  exitCode: number;
  shards: { newest: string | null; ageSeconds: number | null }[];
}

/** Returns the names that can be restored now. */
function wholeNames({ simulator }: Harness): Set<string> {
  return new Set([...simulator.remote.keys()].filter((name) => simulator.isWhole(name)));
}

async function play(script: Script): Promise<string> {
  const harness = await new Harness({ version: script.version }).open();
  try {
    for (const step of script.steps) await prepare(harness, step);
    const { clock } = harness;
    const recorded = harness.file('.given_names') ?? '';
    const times = new Map(
      recorded.split('\n').flatMap((line) => {
        const [name = '', seconds = ''] = line.split(' ');
        return seconds === '' ? [] : [[name, Number(seconds) * second] as const];
      }),
    );
    const restorable = wholeNames(harness);
    const files = harness.files.map((name) => [name, harness.file(name)]);
    const posts = harness.requests(/^(?!GET)/).length;
    const startMs = clock.elapsed();
    harness.later(script.fromMs, () => begin(harness, script.fault));
    harness.later(script.fromMs + script.untilMs, () => harness.simulator.clearFaults());
    if (script.fromMs === 0) begin(harness, script.fault);
    const held = script.isHeld
      ? {
          description: JSON.stringify({
            command: 'create-diff',
            backup: '',
            since: localNow(harness),
          }),
          isSeen: true,
        }
      : undefined;
    harness.environment = {
      disk: { ...readOnly, peekLock: () => held },
      ...monitorLike(harness, script.receiving),
    };
    const more = script.deep ? ['--deep', '--timeout', '15m'] : [];
    const result: Result = await harness.run('check', '--json', ...more);
    const tookMs = clock.elapsed() - startMs;
    const { status, exitCode, shards } = JSON.parse(result.stdout) as Outcome;
    const checkedMs = (script.deep ? 15 * 60 * second : longestMs) + second;
    const monitoredMs = script.receiving === undefined ? 0 : afterEndMs;
    expect(tookMs).toBeLessThanOrEqual(checkedMs + monitoredMs);
    expect(harness.files.map((name) => [name, harness.file(name)])).toEqual(files);
    expect(harness.requests(/^(?!GET)/)).toHaveLength(posts);
    expect(result.code).toBe(exitCode);
    expect(exitCode === 0).toBe(status !== 'critical');
    expect([0, 1, 11, 13, 14]).toContain(exitCode);
    const [shard] = shards;
    if (status === 'ok') {
      const { newest, ageSeconds } = shard ?? { newest: null, ageSeconds: null };
      expect(ageSeconds).not.toBeNull();
      expect(restorable).toContain(newest);
      const createdMs = createdMsOf(newest ?? '', times) ?? -Infinity;
      expect(clock.now() - createdMs).toBeLessThanOrEqual(maxAgeMs + tookMs);
      expect(createdMs - clock.now()).toBeLessThanOrEqual(5 * 60 * second);
    }
    const harmless = ['create-full', 'create-diff'];
    const isHealthy =
      script.fault === 'none' &&
      script.steps.length > 0 &&
      script.steps.every((step) => harmless.includes(step)) &&
      (!script.deep || script.version === '2.8.1');
    if (isHealthy) expect(status).toBe('ok');
    harness.check();
    return `${status} ${exitCode}`;
  } finally {
    await harness.close();
  }
}

function localNow({ clock }: Harness): string {
  const at = new Date(clock.now() - hour);
  const two = (value: number) => String(value).padStart(2, '0');
  const date = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  return `${date} ${[two(at.getHours()), two(at.getMinutes()), two(at.getSeconds())].join(':')}`;
}

test('a check is never OK with an age that it cannot tell, and changes nothing', async () => {
  const seen = new Map<string, number>();
  const property = fc.asyncProperty(scripts, async (script) => {
    const outcome = await play(script);
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
  });
  await fc.assert(property, {
    numRuns: Number(process.env['CHBACKUP_TEST_CHECKS'] ?? 45),
    seed: 1,
  });
  // A property that never sees an outcome shows nothing about it.
  for (const outcome of ['ok 0', 'warning 0', 'critical 1', 'critical 13', 'critical 14']) {
    expect(seen.get(outcome) ?? 0).toBeGreaterThan(0);
  }
}, 120_000);
