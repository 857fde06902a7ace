import { expect } from 'vitest';
import type { Stack } from './stack.js';

/** Creates `shop.orders` with a thousand rows, and a full of it; returns its name. */
export async function makeFull(stack: Stack): Promise<string> {
  await stack.clickhouse.createTable('shop.orders');
  return add(stack, 'create-full', 0);
}

/** Creates a full and two increments, each with a thousand more rows; returns their names. */
export async function makeChain(stack: Stack): Promise<[string, string, string]> {
  return [
    await makeFull(stack),
    await add(stack, 'create-diff', 1000),
    await add(stack, 'create-diff', 2000),
  ];
}

async function add(stack: Stack, command: string, rowsBefore: number): Promise<string> {
  await stack.clickhouse.insertRows('shop.orders', rowsBefore, 1000);
  const { exitCode } = await stack.run(command);
  expect(exitCode).toBe(0);
  return stack.lastBackup() ?? '';
}
