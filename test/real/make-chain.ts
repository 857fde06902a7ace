import { expect } from 'vitest';
import type { Stack } from './stack.js';

/** A full and two increments of `shop.orders`, a thousand rows more in each: their names. */
export async function makeChain(stack: Stack): Promise<[string, string, string]> {
  const names: string[] = [];
  await stack.clickhouse.createTable('shop.orders');
  for (const [at, command] of ['create-full', 'create-diff', 'create-diff'].entries()) {
    await stack.clickhouse.insertRows('shop.orders', at * 1000, 1000);
    const { exitCode } = await stack.run(command);
    expect(exitCode).toBe(0);
    names.push(stack.lastBackup() ?? '');
  }
  return names as [string, string, string];
}
