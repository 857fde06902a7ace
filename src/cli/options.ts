import type { Command, Option } from 'commander';
import { ConfigError } from '../errors.js';
import { earlierNames, type SettingName, settingNames } from '../config/names.js';
import type { RawSetting } from '../config/sources.js';

export type Given = Partial<Record<SettingName, RawSetting>>;

const connection = ['host', 'user', 'password'] as const;

/** Returns the settings on the command line; a command's last three arguments are the connection. */
export function givenOf(command: Command): Given {
  const given: Given = {};
  const first = command.registeredArguments.length - connection.length;
  for (const [at, name] of connection.entries()) {
    const value = command.args[first + at];
    if (value !== undefined) given[name] = { value, from: `the ${name} argument` };
  }
  for (const option of command.options) {
    const key = option.attributeName();
    const name = settingOf(option);
    if (name === undefined || command.getOptionValueSource(key) !== 'cli') continue;
    if (given[name] !== undefined) {
      throw new ConfigError(`both ${given[name].from} and ${option.long} are given`, {
        hint: 'keep one of them',
      });
    }
    const value: unknown = command.getOptionValue(key);
    given[name] = {
      value: typeof value === 'string' ? value : 'true',
      from: option.long ?? option.flags,
    };
  }
  return given;
}

/** Returns the setting of an option; undefined if it belongs to one command, such as `--keep`. */
export function settingOf(option: Option): SettingName | undefined {
  if (option.long === '--no-color') return 'noColor';
  const key = option.attributeName();
  const earlier = earlierNames.find((each) => each.earlier === key);
  return earlier?.name ?? settingNames.find((name) => name === key);
}
