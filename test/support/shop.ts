import { bytesPerRow, type SimulatedTable, table } from '../simulator/clickhouse-tables.js';
import type { Harness } from './harness.js';
import { full1 } from './weeks.js';

/** The rows of `shop.orders` in the backup of the recordings, and in the backups of the tests. */
export const orderRows = 104_489;
export const orderBytes = orderRows * bytesPerRow;

/** Adds `full1`, which contains both tables of the shop, at the given locations. */
export function addShopBackup(harness: Harness, ...locations: ('local' | 'remote')[]): void {
  for (const location of locations) harness.simulator.addBackup(location, { name: full1 });
}

/** Empties `shop.orders`. */
export function emptyOrders(harness: Harness, engine = 'MergeTree'): void {
  harness.simulator.tables.set('shop.orders', table(engine, 0));
}

export const orders = (harness: Harness): SimulatedTable | undefined =>
  harness.simulator.tables.get('shop.orders');

/** Returns the requested restores, as path and query, or as a command line. */
export const restoresAsked = (harness: Harness): string[] =>
  harness
    .requests(/^POST \/backup\/(restore|actions)/)
    .map((line) => decodeURIComponent(line.replace(/^POST \/backup\//, '')));
