import { bytesPerRow, type SimulatedTable, table } from '../simulator/clickhouse-tables.js';
import type { Harness } from './harness.js';
import { full1 } from './weeks.js';

/** The rows of `shop.orders` in the recordings' backup, and so in ours. */
export const orderRows = 104_489;
export const orderBytes = orderRows * bytesPerRow;

/** `full1` holds both tables of the shop, at the given places. */
export function addShopBackup(harness: Harness, ...locations: ('local' | 'remote')[]): void {
  for (const location of locations) harness.simulator.addBackup(location, { name: full1 });
}

/** `shop.orders` is there, and holds nothing. */
export function emptyOrders(harness: Harness, engine = 'MergeTree'): void {
  harness.simulator.tables.set('shop.orders', table(engine, 0));
}

export const orders = (harness: Harness): SimulatedTable | undefined =>
  harness.simulator.tables.get('shop.orders');

/** What restores were asked for: path and query, or the command line. */
export const restoresAsked = (harness: Harness): string[] =>
  harness
    .requests(/^POST \/backup\/(restore|actions)/)
    .map((line) => decodeURIComponent(line.replace(/^POST \/backup\//, '')));
