import type { Argument, Command, Option } from 'commander';
import { settingOf } from '../../src/cli/options.js';
import { buildProgram } from '../../src/cli/program.js';
import {
  fileSettings,
  type SettingName,
  settingNames,
  variableMeanings,
  variableOf,
} from '../../src/config/names.js';
import { exitCodeMeanings, exitCodes } from '../../src/errors.js';
import { code, markdownTable } from './markdown.js';

/** An argument or an option as the help shows it, its default apart. */
interface Entry {
  flags: string;
  meaning: string;
  byDefault: string;
}

const { commands } = buildProgram(
  () => undefined,
  () => undefined,
);

/** Returns the table of that name. Throws if there is none. */
export function tableOf(name: string): string {
  if (name === 'exit codes') return exitCodeTable();
  if (name === 'commands') return commandTable();
  if (name === 'settings') return settingTable();
  const command = commands.find((each) => name === `options of ${each.name()}`);
  if (command !== undefined) return optionTable(command);
  throw new Error(`there is no table of ${name}`);
}

function exitCodeTable(): string {
  const rows = Object.entries(exitCodes).map(([name, number]) => {
    return [String(number), withOptionsAsCode(exitCodeMeanings[name as keyof typeof exitCodes])];
  });
  return markdownTable(['code', 'meaning'], rows);
}

function commandTable(): string {
  const rows = commands.map((command) => [code(command.name()), command.summary()]);
  return markdownTable(['command', 'what it does'], rows);
}

function settingTable(): string {
  const rows = settingNames.map((name) => {
    const { flags, meaning, byDefault } = entryOf(name);
    return [
      flags === '' ? '' : code(flags),
      variablesOf(name),
      byDefault,
      withOptionsAsCode(meaning),
    ];
  });
  return markdownTable(['argument or option', 'variable', 'default', 'meaning'], rows);
}

function variablesOf(name: SettingName): string {
  const variable = variableOf(name);
  const variables = fileSettings.some((each) => each === name)
    ? [variable, `${variable}_FILE`]
    : [variable];
  return variables.map(code).join(', ');
}

/** How the commands show the setting; their defaults may differ. */
function entryOf(setting: SettingName): Entry {
  const ofVariable = variableMeanings[setting];
  if (ofVariable !== undefined) return { flags: '', meaning: ofVariable, byDefault: '' };
  const found = commands.flatMap((command) => {
    const argument = command.registeredArguments.find((each) => each.name() === setting);
    if (argument !== undefined) return [{ command, ...readArgument(argument) }];
    const option = command.options.find((each) => settingOf(each) === setting && !each.hidden);
    return option === undefined ? [] : [{ command, ...readOption(option) }];
  });
  const last = found.at(-1);
  if (last === undefined) throw new Error(`no command shows the setting ${setting}`);
  const others = found
    .filter(({ byDefault }) => byDefault !== last.byDefault)
    .map(({ command, byDefault }) => `${code(command.name())}: ${byDefault}`);
  // An argument may say more in some commands; an option may mean something else.
  const options = found.filter(({ flags }) => flags.startsWith('-'));
  const meanings = new Set(options.map(({ meaning }) => meaning));
  const meaning =
    meanings.size < 2
      ? last.meaning
      : options.map((each) => `${code(each.command.name())}: ${each.meaning}`).join('; ');
  return { ...last, meaning, byDefault: [last.byDefault, ...others].join('; ') };
}

function readArgument(argument: Argument): Entry {
  return { flags: argument.name(), meaning: argument.description, byDefault: '' };
}

function readOption({ flags, description }: Option): Entry {
  const [, meaning = description, byDefault = ''] =
    /^(.*) \(default: (.*)\)$/.exec(description) ?? [];
  return { flags, meaning, byDefault: /^[\w/-]+$/.test(byDefault) ? code(byDefault) : byDefault };
}

/** The options that only this command has, or few others: those that are not settings. */
function optionTable(command: Command): string {
  const rows = command.options
    .filter((option) => settingOf(option) === undefined && !option.hidden)
    .map(({ flags, description }) => [code(flags), withOptionsAsCode(description)]);
  return markdownTable(['option', 'meaning'], rows);
}

function withOptionsAsCode(text: string): string {
  return text.replaceAll(/--[a-z-]+/g, code);
}
