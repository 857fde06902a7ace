import fc from 'fast-check';
import type { Fault, HostFault, MachineFault, RequestFault } from './script.js';
import { secret, user } from './secret.js';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** From a moment to longer than the program waits for anything. */
const durationMs = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.constantFrom(50, 2 * second, 20 * second, 50 * second, 3 * minute, 12 * minute),
  },
  { weight: 1, arbitrary: fc.constant(2 * hour) },
);
const location = fc.constantFrom('local' as const, 'remote' as const);
const pick = fc.nat({ max: 5 });
/** Mostly the newest backup, which is the next base. */
const newestPick = fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 5);
const table = fc.constantFrom('shop.orders', 'shop.lines', 'shop..inner.mv');
/**
 * Error texts of the server, which may contain anything, even the password
 * (clickhouse-backup-api.md#credentials).
 */
const texts = fc.constantFrom(
  'code: 999, message: Session expired',
  "can't remove old backups on remote storage: 421 too many logins",
  'uploadSingleBackupFile shop/orders/default_1.tar: 550 no space',
  `wrong password ${secret} for ${user}`,
);

/** Generates a fault of one request. */
export const requestFault: fc.Arbitrary<RequestFault> = fc.oneof(
  fc.constant({ kind: 'refused' as const }),
  fc.constant({ kind: 'connect hangs' as const }),
  fc.record({ kind: fc.constant('lost' as const), done: fc.boolean() }),
  fc.record({ kind: fc.constant('late' as const), ms: durationMs }),
  fc.record({ kind: fc.constant('never' as const), done: fc.boolean() }),
  fc.record({
    kind: fc.constant('proxy' as const),
    status: fc.constantFrom(502, 503, 504, 500, 408, 404, 301),
    done: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('proxy refuses' as const),
    status: fc.constantFrom(429, 429, 425, 421),
    retryAfter: fc.constantFrom(undefined, '0', '20', '600', 'Sun, 22 Nov 2026 10:01:00 GMT'),
  }),
  fc.record({
    kind: fc.constant('garbage' as const),
    what: fc.constantFrom(...(['half', 'lines', 'html', 'binary'] as const)),
  }),
  fc.record({ kind: fc.constant('error' as const), text: texts }),
  fc.record({
    kind: fc.constant('twice' as const),
    answer: fc.constantFrom('first' as const, 'second' as const),
  }),
);

/** Generates a backup that becomes incomplete. */
export const incomplete: fc.Arbitrary<HostFault> = fc.oneof(
  fc.record({
    kind: fc.constant('incomplete' as const),
    pick: newestPick,
    of: fc.constantFrom('all tables' as const, 'one table' as const),
    moves: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('other deletes, upload resumed' as const), pick: newestPick }),
);

/** Generates a table that later backups have no data of. */
export const tableLost: fc.Arbitrary<HostFault> = fc.record({
  kind: fc.constantFrom('table dropped' as const, 'table emptied' as const),
  table: fc.constantFrom('shop.orders', 'shop..inner.mv'),
});

const failingReads: fc.Arbitrary<HostFault> = fc.record({
  kind: fc.constant('table reads fail' as const),
  how: fc.constantFrom(...(['empty-sizes', 'empty-body', 'error', 'no-answer'] as const)),
  count: fc.constantFrom(1, 2, 3, 3, 4, 0),
  ms: durationMs,
});

/** Generates a fault that makes a backup incomplete, or only look like that while it is read. */
export const tableReadFault: fc.Arbitrary<HostFault> = fc.oneof(
  { weight: 4, arbitrary: failingReads },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('storage down' as const), ms: durationMs }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lists hang' as const), ms: durationMs }) },
  { weight: 1, arbitrary: incomplete },
);

const hostFault: fc.Arbitrary<HostFault> = fc.oneof(
  { weight: 3, arbitrary: incomplete },
  { weight: 1, arbitrary: failingReads },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('restart' as const),
      rows: fc.constantFrom('gone' as const, 'cancel' as const),
      work: fc.constantFrom('stops' as const, 'goes on' as const),
      resume: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('flaw' as const),
      flaw: fc.constantFrom(
        ...(['broken', 'missing', 'wrong-base', 'no-base', 'incomplete', 'base-broken'] as const),
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      operation: fc.constantFrom('create', 'upload', 'upload', 'delete', 'restore'),
      text: texts,
      madeAnyway: fc.boolean(),
      leavesBroken: fc.boolean(),
    }),
  },
  ...(['other deletes', 'other breaks'] as const).map((kind) => ({
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant(kind), location, pick }),
  })),
  ...(
    [
      'refuse',
      'rate limit',
      'storage down',
      'storage full',
      'hang',
      'clickhouse down',
      'lists hang',
      'busy',
      'log entries late',
    ] as const
  ).map((kind) => ({
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant(kind), ms: durationMs }),
  })),
  ...(
    [
      'other uses our names',
      'other backs up',
      'other lists',
      'other cleans',
      'other kills',
      'table refilled',
    ] as const
  ).map((kind) => ({ weight: 1, arbitrary: fc.record({ kind: fc.constant(kind) }) })),
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('other adds' as const),
      location,
      broken: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('other uploads' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('table emptied' as const), table }) },
  { weight: 1, arbitrary: tableLost },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('table replaced' as const),
      table,
      engine: fc.constantFrom('MergeTree', 'Log', 'Memory'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('foreign entry' as const),
      location,
      file: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('uploads listed late' as const),
      lists: fc.integer({ min: 2, max: 6 }),
    }),
  },
);

const machineFault: fc.Arbitrary<MachineFault> = fc.oneof(
  fc.record({
    kind: fc.constant('clock set' as const),
    ms: fc.constantFrom(-hour, -second, second, hour, -24 * hour, 24 * hour),
  }),
  fc.record({
    kind: fc.constant('disk full' as const),
    ms: durationMs,
    what: fc.constantFrom('appends' as const, 'all' as const),
  }),
  fc.record({ kind: fc.constant('no locks' as const), ms: durationMs }),
  fc.constant({ kind: 'last-backup file lost' as const }),
  fc.constant({ kind: 'log directory emptied' as const }),
  fc.record({
    kind: fc.constant('last-backup file overwritten' as const),
    text: fc.constantFrom('', 'FULL_CH_BK_2020-01-01_00-00-00', '../x', '\0\0\0', 'a\nb'),
  }),
  fc.record({
    kind: fc.constant('journal overwritten' as const),
    text: fc.constantFrom('', '{"kind":"FULL"', '[]', '\0\0\0\0'),
  }),
  fc.constant({ kind: 'status file lost' as const }),
  fc.record({
    kind: fc.constant('status file overwritten' as const),
    text: fc.constantFrom('', '{}', 'null', '{"firstRunAt":"2026-11-22T10:00:00Z"', '\0\0'),
  }),
  fc.record({ kind: fc.constant('status file refused' as const), ms: durationMs }),
);

/** Generates a fault of a server, or of the machine that the programs run on. */
export const fault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 5, arbitrary: hostFault },
  { weight: 1, arbitrary: machineFault },
);
