import { ConfigError } from '../errors.js';
import { errnoOf } from '../text.js';
import { absolutePath, readFoundFile, readTextFile } from './files.js';
import { fileSettings, settingNames, variableOf, type SettingName } from './names.js';
import { unknownVariables } from './unknown-variables.js';

/** A raw setting and where it came from, for messages; the value itself is not checked yet. */
export interface RawSetting {
  value: string;
  from: string;
  /** A file that holds the value; read only if nothing stronger is given. */
  file?: string;
}

export type RawSettings = Partial<Record<SettingName, RawSetting>>;

export interface Sources {
  /** Positional arguments and options, by setting name, as given; absent ones left out. */
  given: Partial<Record<SettingName, RawSetting>>;
  env: Record<string, string | undefined>;
  /** undefined: the working directory was deleted. */
  cwd: string | undefined;
}

/**
 * Brings the settings together, strongest first: argument or option, `CHBACKUP_*` variable, the
 * file of `--env-file` or else `.env` in the working directory, if that is a file that can be read.
 * Defaults belong to the schema.
 */
export async function collectSettings(
  sources: Sources,
): Promise<{ raw: RawSettings; unknown: string[] }> {
  const fromEnvironment = readVariables(sources.env, sources.cwd, '');
  const envFile = sources.given.envFile ?? fromEnvironment.envFile;
  const fileName = envFile?.value ?? '.env';
  const text = envFile ? readEnvFile(envFile, sources.cwd) : findEnvFile(sources.cwd);
  const file = await parseEnvFile(text);
  const fromFile = readVariables(file, sources.cwd, ` in ${fileName}`);
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
  cwd: string | undefined,
  where: string,
): RawSettings {
  const raw: RawSettings = {};
  for (const name of settingNames) {
    const variable = variableOf(name);
    const value = variables[variable];
    if (value !== undefined && value !== '') raw[name] = { value, from: variable + where };
  }
  for (const name of fileSettings) {
    const variable = `${variableOf(name)}_FILE`;
    const file = variables[variable];
    if (file === undefined || file === '') continue;
    if (raw[name] !== undefined) {
      throw new ConfigError(`both ${variableOf(name)} and ${variable} are set${where}`, {
        hint: 'keep one of them',
      });
    }
    raw[name] = { value: '', from: variable, file: absolutePath(file, cwd) };
  }
  return raw;
}

/** The value in a secret's file, without the one line end that editors and `echo` put there. */
function readSecretFile(file: string, variable: string): string {
  let text: string;
  try {
    text = readTextFile(file);
  } catch (error) {
    throw new ConfigError(`the file that ${variable} names cannot be read: ${errnoOf(error)}`, {
      hint: `check the path and its permissions: ${file}`,
      cause: error,
    });
  }
  if (text.includes('\ufffd')) {
    throw new ConfigError(`the file that ${variable} names is not UTF-8 text`, {
      hint: `save it as UTF-8: ${file}`,
    });
  }
  return text.replace(/\r?\n$/, '');
}

function readEnvFile({ value, from }: RawSetting, cwd: string | undefined): string {
  const file = absolutePath(value, cwd);
  try {
    return readTextFile(file);
  } catch (error) {
    throw new ConfigError(`the settings file ${file} cannot be read: ${errnoOf(error)}`, {
      hint: `check ${from}`,
      cause: error,
    });
  }
}

/** `.env` in the working directory, which may be any program's. */
function findEnvFile(cwd: string | undefined): string {
  return cwd === undefined ? '' : readFoundFile(absolutePath('.env', cwd));
}

async function parseEnvFile(text: string): Promise<Record<string, string>> {
  if (text === '') return {};
  // Only now: loading it loads node:crypto, a tenth of a start.
  const { parse } = await import('dotenv');
  return parse(text);
}
