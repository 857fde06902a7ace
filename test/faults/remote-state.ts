import type { Simulator } from '../simulator/simulator.js';
import { completeChain } from './list-oracle.js';

/**
 * What is actually on the remote storage. An incomplete copy (metadata only,
 * clickhouse-backup-api.md#incomplete-backups) counts as
 * ok here, because lists do not show the difference, so no client can know it.
 */
export type RemoteState = ReadonlyMap<
  string,
  { required: string; ok: boolean; incomplete: boolean }
>;

/** Returns the current state of a simulator's remote storage. */
export function remoteStateOf(simulator: Simulator): RemoteState {
  const copies = [...simulator.remote.values()].map(
    ({ name, required, broken, incomplete }) =>
      [name, { required, ok: broken === undefined, incomplete: incomplete === true }] as const,
  );
  return new Map(copies);
}

/** True if a backup in the chain of `name` is incomplete. */
export function isIncomplete(state: RemoteState, name: string): boolean {
  const chain = completeChain((one) => state.get(one), name) ?? [];
  return chain.some((one) => state.get(one)?.incomplete);
}
