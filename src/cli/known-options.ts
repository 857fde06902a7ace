import type { Command } from 'commander';

/** An option of at least one command. */
export interface KnownOption {
  takesValue: boolean;
  /** The names of the commands that have it; none for an option of chbackup without a command. */
  commands: string[];
}

/** Every option of chbackup by its long and its short form. */
export type KnownOptions = ReadonlyMap<string, KnownOption>;

/** Collects the options of all commands. */
export function collectOptions(program: Command): KnownOptions {
  const known = new Map<string, KnownOption>();
  for (const command of [program, ...program.commands]) {
    for (const { long, short, required, optional } of command.options) {
      for (const form of [long, short]) {
        if (form === undefined || form === null) continue;
        const option = known.get(form) ?? { takesValue: required || optional, commands: [] };
        if (command !== program) option.commands.push(command.name());
        known.set(form, option);
      }
    }
  }
  return known;
}
