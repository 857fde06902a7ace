import fc from 'fast-check';
import type { SimulatorVersion } from '../simulator/simulator.js';

const second = 1000;
const minute = 60 * second;

/** A shard of two replicas that share a path of the remote storage. */
export interface ShardSetup {
  version: SimulatorVersion;
  createMs: number;
  uploadMs: number;
}

/** Which replicas of a shard a run names, in which order. */
export type Order = 'ab' | 'ba' | 'a' | 'b';

export type ReplicaFault =
  /** The process of clickhouse-backup ends with its work, and starts again after `ms`. */
  | 'process dies'
  /** Connections are refused, or requests not answered; the process works on. */
  | 'network refuses'
  | 'network is silent'
  /** ClickHouse does not answer, or refuses connections; clickhouse-backup answers. */
  | 'ClickHouse hangs'
  | 'ClickHouse is down';

export interface FaultStep {
  do: 'fault';
  shard: number;
  replica: 'a' | 'b';
  fault: ReplicaFault;
  /** When it begins: so long after this step, or right before the n-th request to the replica. */
  afterMs: number;
  request: number | undefined;
  ms: number;
}

export interface ClusterRunStep {
  do: 'run';
  command: 'create-full' | 'create-diff';
  /** One per shard that the run names. */
  orders: Order[];
  parallel: boolean;
  /** SIGTERM comes so long after the start; 0: none. */
  signalAfterMs: number;
  /** The program is killed after so many effects; 0: never. */
  killAfter: number;
  /** The next step begins before the run has ended. */
  background: boolean;
}

export type ClusterStep = ClusterRunStep | FaultStep | { do: 'wait'; ms: number };

export interface ClusterScript {
  shards: ShardSetup[];
  /** All shards have a full backup already. */
  hasFull: boolean;
  steps: ClusterStep[];
}

const times = (...ms: number[]) => fc.constantFrom(...ms);

const shard: fc.Arbitrary<ShardSetup> = fc.record({
  version: fc.constantFrom('2.8.1', '2.6.30', '2.4.0'),
  createMs: times(second, 20 * second),
  uploadMs: times(2 * second, 3 * minute, 20 * minute),
});

const mostly = <T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

const run: fc.Arbitrary<ClusterStep> = fc.record({
  do: fc.constant('run'),
  command: fc.constantFrom('create-diff', 'create-diff', 'create-full'),
  orders: fc.array(fc.constantFrom<Order>('ab', 'ab', 'ab', 'ab', 'ba', 'ba', 'ba', 'a', 'b'), {
    minLength: 1,
    maxLength: 2,
  }),
  parallel: mostly(true, fc.constant(false)),
  signalAfterMs: mostly(0, times(100, 500, 3 * second, 30 * second, 5 * minute)),
  killAfter: mostly(0, fc.integer({ min: 5, max: 70 })),
  background: mostly(false, fc.constant(true)),
});

const fault: fc.Arbitrary<ClusterStep> = fc.record({
  do: fc.constant('fault'),
  shard: fc.nat(1),
  replica: mostly('a', fc.constant('b')),
  fault: fc.constantFrom<ReplicaFault>(
    'process dies',
    'network refuses',
    'network is silent',
    'ClickHouse hangs',
    'ClickHouse is down',
  ),
  afterMs: times(0, 0, 500, 2 * second, 30 * second),
  request: mostly(undefined, fc.integer({ min: 1, max: 25 })),
  ms: times(20 * second, 2 * minute, 15 * minute, 15 * minute, 3 * 60 * minute),
});

const pause: fc.Arbitrary<ClusterStep> = fc.record({
  do: fc.constant('wait'),
  ms: times(second, minute, 30 * minute, 4 * 60 * minute),
});

export const clusterScripts: fc.Arbitrary<ClusterScript> = fc.record({
  shards: fc.array(shard, { minLength: 1, maxLength: 2 }),
  hasFull: mostly(true, fc.constant(false)),
  steps: fc.array(
    fc.oneof(
      { weight: 4, arbitrary: run },
      { weight: 4, arbitrary: fault },
      { weight: 1, arbitrary: pause },
    ),
    { minLength: 2, maxLength: 9 },
  ),
});

/** Returns the parts of a script, one per line, as they are written in a test. */
export function describeCluster({ shards, hasFull, steps }: ClusterScript): string {
  return [
    ...shards.map((setup, at) => `shard ${at}: ${JSON.stringify(setup)}`),
    `hasFull: ${hasFull}`,
    ...steps.map((step, at) => `${at + 1}. ${JSON.stringify(step)}`),
  ].join('\n');
}
