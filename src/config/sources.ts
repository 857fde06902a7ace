import { ConfigError } from '../errors.js';
import { describeErrno } from '../text.js';
import { absolutePath, readFoundFile, readTextFile } from './files.js';
import { earlierNames, fileSettings, settingNames, variableOf, type SettingName } from './names.js';
import { unknownVariables } from './unknown-variables.js';

/** A setting that is not checked yet, and where it came from, for messages. */
export interface RawSetting {
  value: string;
  from: string;
  /** A file that contains the value; read only if no value of higher precedence is given. */
  file?: string;
}

export type RawSettings = Partial<Record<SettingName, RawSetting>>;

export interface Sources {
  /** The positional arguments and options that were given, by setting name. */
  given: Partial<Record<SettingName, RawSetting>>;
  env: Record<string, string | undefined>;
  /** undefined: the working directory was deleted. */
  cwd: string | undefined;
}

/**
 * Collects the settings. Precedence, highest first: argument or option, `CHBACKUP_*` variable, the
 * file of `--settings` or else `.env` in the working directory, if it is a readable file. Does not add
 * defaults. Throws `ConfigError`.
 */
export async function collectSettings(
  sources: Sources,
): Promise<{ raw: RawSettings; unknown: string[] }> {
  const fromEnvironment = readVariables(sources.env, sources, '');
  const named = sources.given.settings ?? fromEnvironment.settings;
  const fileName = named?.value ?? '.env';
  const text = named ? readNamedFile(named, sources.cwd) : findEnvFile(sources.cwd);
  const file = await parseEnvFile(text);
  const fromFile = readVariables(file, sources, ` in ${fileName}`);
  const raw: RawSettings = { ...fromFile, ...fromEnvironment, ...sources.given };
  for (const name of fileSettings) {
    const setting = raw[name];
    if (setting?.file !== undefined) setting.value = readSecretFile(setting.file, setting.from);
  }
  return {
    raw,
    unknown: unknownVariables({ ...file, ...sources.env }),
  };
}

function readVariables(
  variables: Record<string, string | undefined>,
  { cwd, given }: Pick<Sources, 'cwd' | 'given'>,
  where: string,
): RawSettings {
  const raw: RawSettings = {};
  for (const name of settingNames) {
    const variable = variableOf(name);
    const value = variables[variable];
    if (value !== undefined && value !== '') raw[name] = { value, from: variable + where };
  }
  const add = (name: SettingName, variable: string, read: (value: string) => RawSetting) => {
    const value = variables[variable];
    if (value === undefined || value === '' || given[name] !== undefined) return;
    if (raw[name] !== undefined) {
      throw new ConfigError(`both ${variableOf(name)} and ${variable} are set${where}`, {
        hint: 'keep one of them',
      });
    }
    raw[name] = read(value);
  };
  for (const { earlier, name } of earlierNames) {
    const variable = variableOf(earlier);
    add(name, variable, (value) => ({ value, from: variable + where }));
  }
  for (const name of fileSettings) {
    const variable = `${variableOf(name)}_FILE`;
    add(name, variable, (file) => ({ value: '', from: variable, file: absolutePath(file, cwd) }));
  }
  return raw;
}

/** Reads a secret from a file, without the one line break that editors and `echo` add at the end. */
function readSecretFile(file: string, variable: string): string {
  let text: string;
  try {
    text = readTextFile(file);
  } catch (error) {
    throw new ConfigError(`the file named by ${variable} cannot be read: ${describeErrno(error)}`, {
      hint: `check the path and its permissions: ${file}`,
      cause: error,
    });
  }
  if (text.includes('\ufffd')) {
    throw new ConfigError(`the file named by ${variable} is not UTF-8 text`, {
      hint: `save it as UTF-8: ${file}`,
    });
  }
  return text.replace(/\r?\n$/, '');
}

function readNamedFile({ value, from }: RawSetting, cwd: string | undefined): string {
  const file = absolutePath(value, cwd);
  try {
    return readTextFile(file);
  } catch (error) {
    throw new ConfigError(`the settings file ${file} cannot be read: ${describeErrno(error)}`, {
      hint: `check ${from}`,
      cause: error,
    });
  }
}

/** Reads `.env` in the working directory; it may belong to another program. */
function findEnvFile(cwd: string | undefined): string {
  return cwd === undefined ? '' : readFoundFile(absolutePath('.env', cwd));
}

async function parseEnvFile(text: string): Promise<Record<string, string>> {
  if (text === '') return {};
  // The import is lazy, because dotenv loads node:crypto, which takes a tenth of the startup time.
  const { parse } = await import('dotenv');
  return parse(text);
}
