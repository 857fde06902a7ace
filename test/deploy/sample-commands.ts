import { fileSettings, settingNames, variableOf } from '../../src/config/names.js';
import { commandNamed } from '../../src/cli/commands/all.js';
import { parseArguments } from '../../src/cli/program.js';

/** Joined with `src/cli/commands/check.ts`: unused as soon as the program has the command. */
const optionsOfCheck = ['--max-age', '--max-full-age', '--max-chain', '--deep', '--nagios'];
/** Joined with `src/config/names.ts`: already in there as soon as it has `metricsDir` and `pingUrl`. */
const variablesOfMonitoring = [
  'CHBACKUP_METRICS_DIR',
  'CHBACKUP_PING_URL',
  'CHBACKUP_PING_URL_FILE',
];

/** Returns the command of a sample's command line; throws the program's error if it is invalid. */
export function commandOf(argv: readonly string[]): string | undefined {
  const [name = '', ...rest] = argv;
  if (name === 'check' && commandNamed(name) === undefined) {
    const ofAll = rest.filter((word) => !optionsOfCheck.includes(word));
    return parseArguments(['list', ...ofAll.filter((word) => !/^\d+[hd]$/.test(word))]) && name;
  }
  return parseArguments(argv).invocation?.command.name;
}

/** Returns the variables in a sample, comments included, that are not settings of chbackup. */
export function unknownVariablesIn(text: string): string[] {
  const known = new Set([
    ...settingNames.map((name) => variableOf(name)),
    ...fileSettings.map((name) => `${variableOf(name)}_FILE`),
    ...variablesOfMonitoring,
  ]);
  const used = text.match(/\bCHBACKUP_[A-Z][A-Z_]*/g) ?? [];
  return used.filter((name) => !known.has(name));
}
