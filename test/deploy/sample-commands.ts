import { fileSettings, settingNames, variableOf } from '../../src/config/names.js';
import { parseArguments } from '../../src/cli/program.js';

/** Returns the command of a sample's command line; throws the program's error if it is invalid. */
export function commandOf(argv: readonly string[]): string | undefined {
  return parseArguments(argv).invocation?.command.name;
}

/** Returns the variables in a sample, comments included, that are not settings of chbackup. */
export function unknownVariablesIn(text: string): string[] {
  const known = new Set([
    ...settingNames.map((name) => variableOf(name)),
    ...fileSettings.map((name) => `${variableOf(name)}_FILE`),
  ]);
  const used = text.match(/\bCHBACKUP_[A-Z][A-Z_]*/g) ?? [];
  return used.filter((name) => !known.has(name));
}
