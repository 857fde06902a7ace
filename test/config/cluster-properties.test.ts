import { fc, test as propertyTest } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { parseCluster } from '../../src/config/cluster.js';
import { ConfigError } from '../../src/errors.js';
import { cpuTimeOf } from '../support/cpu-time.js';

/** A part of a host, the texts that it stands for, and what these separate. */
interface Part {
  text: string;
  values: string[];
  kind: 'text' | 'shards' | 'replicas';
}

function oneOf(characters: string): fc.Arbitrary<string> {
  return fc.constantFrom(...Array.from(characters));
}

const letters = fc.string({ unit: oneOf('abcxyz'), minLength: 1, maxLength: 3 });
const text = letters.map((value): Part => ({ text: value, values: [value], kind: 'text' }));
/** All of one length, so that two different choices never make the same host. */
const values = fc.uniqueArray(fc.string({ unit: oneOf('pqrstu'), minLength: 2, maxLength: 2 }), {
  minLength: 2,
  maxLength: 3,
});
const shardList = values.map((list): Part => ({
  text: `{${list.join(',')}}`,
  values: list,
  kind: 'shards',
}));
const replicaList = values.map((list): Part => ({
  text: `{${list.join('|')}}`,
  values: list,
  kind: 'replicas',
}));
const range = fc
  .record({
    from: fc.integer({ min: 0, max: 12 }),
    more: fc.integer({ min: 1, max: 4 }),
    width: fc.constantFrom(0, 2, 3),
  })
  .map(({ from, more, width }): Part => {
    const numbers = Array.from({ length: more + 1 }, (_, n) => `${from + n}`.padStart(width, '0'));
    return { text: `{${numbers[0]}..${numbers.at(-1)}}`, values: numbers, kind: 'shards' };
  });
/** A range between letters: 1 and 12 beside 11 and 2 would make the same host. */
const spacedRange = range.map((part): Part => ({
  ...part,
  text: `-${part.text}-`,
  values: part.values.map((value) => `-${value}-`),
}));
const partsOfHost = fc
  .tuple(
    text,
    fc.array(fc.oneof(text, shardList, replicaList, spacedRange), { maxLength: 4 }),
    text,
  )
  .map(([first, parts, last]) => [first, ...parts, last]);

/** Returns the product of the sizes of all parts of this kind. */
function countOf(parts: readonly Part[], kind: Part['kind']): number {
  return parts.reduce(
    (product, part) => product * (part.kind === kind ? part.values.length : 1),
    1,
  );
}

function textOf(parts: readonly Part[]): string {
  return parts.map((part) => part.text).join('');
}

/** Returns the label that the choice with this number has, where the last part varies fastest. */
function labelOf(parts: readonly Part[], shard: number, replica: number): string {
  const left = { shards: shard, replicas: replica, text: 0 };
  return parts
    .toReversed()
    .map(({ kind, values: choices }) => {
      const number = left[kind];
      left[kind] = Math.floor(number / choices.length);
      return choices[number % choices.length];
    })
    .toReversed()
    .join('');
}

propertyTest.prop([partsOfHost])(
  'braces multiply, and keep shards and replicas in order',
  (parts) => {
    const shards = countOf(parts, 'shards');
    const replicas = countOf(parts, 'replicas');
    fc.pre(shards <= 1000 && replicas <= 32);
    const labels = Array.from({ length: shards }, (_, shard) =>
      Array.from({ length: replicas }, (__, replica) => labelOf(parts, shard, replica)),
    );
    const parsed = parseCluster(textOf(parts));
    expect(parsed.map((shard) => shard.replicas.map(({ label }) => label))).toEqual(labels);
    expect(parsed.map(({ label }) => label)).toEqual(labels.map((row) => row.join('|')));
  },
);

propertyTest.prop([fc.array(partsOfHost, { minLength: 1, maxLength: 4 })])(
  'a comma adds shards, and the label of each shard parses to the same shard',
  (hosts) => {
    // The prefix makes the hosts of the list differ.
    const list = hosts.map((parts, n) => {
      const prefix: Part = { text: `${n}.`, values: [`${n}.`], kind: 'text' };
      return [prefix, ...parts];
    });
    const count = list.reduce((sum, parts) => sum + countOf(parts, 'shards'), 0);
    fc.pre(count <= 1000 && list.every((parts) => countOf(parts, 'replicas') <= 32));
    const shards = parseCluster(list.map(textOf).join(','));
    expect(shards).toHaveLength(count);
    for (const shard of shards) expect(parseCluster(shard.label)).toEqual([shard]);
    expect(parseCluster(shards.map(({ label }) => label).join(','))).toEqual(shards);
  },
);

propertyTest.prop([fc.array(letters, { minLength: 2, maxLength: 32 })])(
  'replicas keep their order, and a duplicate is refused',
  (names) => {
    const list = names.join('|');
    if (new Set(names).size < names.length) {
      expect(() => parseCluster(list)).toThrow(/shard 1 contains the same host twice$/);
    } else {
      expect(parseCluster(list)[0]?.replicas.map(({ label }) => label)).toEqual(names);
    }
  },
);

const notation = fc.string({
  unit: oneOf('{{}},,||..0019ab-:/[]@ '),
  minLength: 8,
  maxLength: 60,
});
const repeated = fc
  .tuple(
    fc.string({ unit: oneOf('{},|.19a'), minLength: 1, maxLength: 12 }),
    fc.integer({ min: 1, max: 12_000 }),
    notation,
  )
  .map(([unit, times, rest]) => unit.repeat(times) + rest);
/** Text that is nearly valid, so that it gets as far as the hosts and the duplicates. */
const damaged = fc
  .tuple(partsOfHost, fc.nat(), fc.oneof(oneOf('{},|.1@ /~'), fc.constant('')))
  .map(([parts, at, character]) => {
    const typed = textOf(parts);
    const index = at % typed.length;
    return typed.slice(0, index) + character + typed.slice(index + 1);
  })
  .filter(({ length }) => length >= 8);

propertyTest.prop(
  [fc.oneof(notation, damaged, repeated, fc.string({ minLength: 8, unit: 'binary' }))],
  {
    numRuns: 500,
  },
)('any text is parsed within the limits, or refused without repeating it', (typed) => {
  try {
    const shards = parseCluster(typed);
    expect(shards.length).toBeLessThanOrEqual(1000);
    expect(Math.max(...shards.map(({ replicas }) => replicas.length))).toBeLessThanOrEqual(32);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(`${error.message}\n${error.hint}`).not.toContain(typed);
    for (const word of typed.split(/[{}|,]/).filter(({ length }) => length >= 8)) {
      expect(`${error.message}\n${error.hint}`).not.toContain(word);
    }
  }
});

test('the time to parse hosts grows linearly with their number', () => {
  const hosts = (replicas: number) =>
    `${'{a|b}'.repeat(Math.log2(replicas))}x-{1..1000}${'{7..7}'.repeat(60)}`;
  const few = hosts(2);
  const many = hosts(16);
  expect(parseCluster(many)).toHaveLength(1000);
  parseCluster(few);
  // Eight times the hosts: if each were compared with each, it would take 64 times as long.
  expect(cpuTimeOf(() => parseCluster(many)) / cpuTimeOf(() => parseCluster(few))).toBeLessThan(30);
});
