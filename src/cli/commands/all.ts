import { createDiff, createFull } from './create.js';
import { check } from './check.js';
import type { CommandDefinition } from './definition.js';
import { deleteLocal, deleteRemote } from './delete.js';
import { list } from './list.js';
import { restoreTable } from './restore.js';

/** Every command, in the order of the help. */
export const commands: readonly CommandDefinition[] = [
  createFull,
  createDiff,
  check,
  list,
  deleteRemote,
  deleteLocal,
  restoreTable,
];

/** Returns the command of this name, or of the bash agent's name for it. */
export function commandNamed(typed: string): CommandDefinition | undefined {
  return commands.find(({ name, agentName }) => typed === name || typed === agentName);
}
