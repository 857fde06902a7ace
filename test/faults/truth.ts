import type { Simulator } from '../simulator/simulator.js';
import { wholeChain } from './list-oracle.js';

/**
 * What is really on the remote storage. A hollow copy (metadata only, contract §3) counts as
 * sound here: no list can tell it, so no client can know.
 */
export type Truth = ReadonlyMap<string, { required: string; sound: boolean; hollow: boolean }>;

export function truthOf(simulator: Simulator): Truth {
  const copies = [...simulator.remote.values()].map(
    ({ name, required, broken, hollow }) =>
      [name, { required, sound: broken === undefined, hollow: hollow === true }] as const,
  );
  return new Map(copies);
}

export function isHollow(truth: Truth, name: string): boolean {
  const chain = wholeChain((one) => truth.get(one), name) ?? [];
  return chain.some((one) => truth.get(one)?.hollow);
}
