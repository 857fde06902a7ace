import * as z from 'zod/mini';
import { ConfigError } from '../errors.js';
import { absolutePath } from './files.js';
import type { ClientCertificate } from './certificates.js';
import { durationProblem, parseDurationMs } from './duration.js';
import type { Shard } from './cluster.js';
import type { Host } from './host.js';
import { hostOf, readShards } from './host-setting.js';
import { defaults, fileSettings, type SettingName } from './names.js';
import { pingUrlProblem } from './ping-url.js';
import { collectSettings, type RawSettings, type Sources } from './sources.js';
import { readOwnCa, readOwnCertificate, refuseTlsOptions } from './tls-options.js';

/** Returns a schema that parses a text. `what` is the problem, followed by `; ` and the hint. */
function setting<T>(
  read: (text: string) => T | undefined,
  what: string | ((text: string) => string),
) {
  return z.pipe(
    z.string(),
    z.transform((text, context) => {
      const value = read(text);
      if (value === undefined) {
        const message = typeof what === 'string' ? what : what(text);
        context.issues.push({ code: 'custom', message, input: text });
        return z.NEVER;
      }
      return value;
    }),
  );
}

const durationHint = 'write for example 90s, 30m or 6h';
const duration = setting(
  parseDurationMs,
  (text) => `${durationProblem(text, 'is not a duration')}; ${durationHint}`,
);
const limit = setting(
  (text) => parseDurationMs(text) || undefined,
  (text) => `${durationProblem(text, 'is not a duration above 0')}; ${durationHint}`,
);
const flag = setting((text) => {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  return /^(0|false|no|off)$/i.test(text) ? false : undefined;
}, 'must be true or false; 1, yes and on also mean true, 0, no and off also mean false');
const folder = setting(
  (text) => (text.trim() === '' || text.includes('\0') ? undefined : text),
  'is not a path; give a directory or file',
);
// Basic authentication does not allow control characters, and the user ends at a colon (RFC 7617).
const userName = setting(
  // oxlint-disable-next-line no-control-regex
  (text) => (/[\u0000-\u001f\u007f:]/.test(text) ? undefined : text),
  'contains a colon or a control character, which basic authentication does not allow; choose another user name',
);
const password = setting(
  // oxlint-disable-next-line no-control-regex
  (text) => (/[\u0000-\u001f\u007f]/.test(text) ? undefined : text),
  'contains a control character (a line break?), which basic authentication does not allow; check the value or its file',
);
const withoutBase = setting(
  (text) => (text === 'full' || text === 'fail' ? text : undefined),
  'must be full or fail; with full, a full backup is created if there is no usable base',
);

const base = setting(
  (text) => (text === 'last' || text === 'full' ? text : undefined),
  'must be last or full; with full, an increment is based on the full backup of the chain',
);
const maxChain = setting(
  (text) => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined),
  'is not a whole number of at least 1; give the number of increments, for example 48',
);

const parallel = setting(
  (text) => (/^[1-9]\d{0,3}$/.test(text) ? Number(text) : undefined),
  'is not a whole number from 1 to 9999; give the number of shards that may upload at the same time',
);

const pingUrl = setting(
  (text) => (pingUrlProblem(text) === undefined ? text : undefined),
  (text) => pingUrlProblem(text) ?? '',
);

/** The schema of all settings, each parsed from its text. `readSettings` adds the defaults. */
const schema = z.object({
  host: z.optional(z.string()),
  user: z.optional(userName),
  password: z.optional(password),
  logDir: z.optional(folder),
  wait: z.optional(duration),
  timeout: z.optional(limit),
  connectTimeout: z.optional(duration),
  caFile: z.optional(folder),
  certFile: z.optional(folder),
  keyFile: z.optional(folder),
  insecure: z.optional(flag),
  json: z.optional(flag),
  quiet: z.optional(flag),
  verbose: z.optional(flag),
  settings: z.optional(folder),
  noColor: z.optional(flag),
  binary: z.optional(flag),
  binaryPath: z.optional(folder),
  withoutBase: z.optional(withoutBase),
  base: z.optional(base),
  maxChain: z.optional(maxChain),
  findBase: z.optional(flag),
  parallel: z.optional(parallel),
  maxAge: z.optional(limit),
  maxFullAge: z.optional(limit),
  metricsDir: z.optional(folder),
  pingUrl: z.optional(pingUrl),
});

export interface Settings {
  host: Host;
  /** undefined: no credentials are given, and none are sent. */
  credentials: { user: string; password: string } | undefined;
  logDir: string;
  waitMs: number;
  timeoutMs: number;
  connectTimeoutMs: number;
  /** The CA certificates of `--ca-file`, PEM. */
  ca: string | undefined;
  /** For servers that require one (clickhouse-backup-api.md#client-certificates). */
  clientCertificate: ClientCertificate | undefined;
  insecure: boolean;
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  noColor: boolean;
  /** The path or name of the local program; undefined: the API is used. */
  binaryPath: string | undefined;
  withoutBase: 'full' | 'fail';
  base: 'last' | 'full';
  /** undefined: any number of increments. */
  maxChain: number | undefined;
  findBase: boolean;
  /** How many shards may upload at the same time; undefined: all. */
  parallel: number | undefined;
  /** How old the newest backup may be. */
  maxAgeMs: number;
  /** How old the full backup of its chain may be. */
  maxFullAgeMs: number;
  /** Where metrics files are written; undefined: nowhere. */
  metricsDir: string | undefined;
  /** A secret, with its placeholders; undefined: no pings. */
  pingUrl: string | undefined;
  /** The shards of a cluster; undefined for a single host, which `host` is. */
  shards: readonly Shard[] | undefined;
}

export interface SettingsRequest extends Sources {
  /** The command's default for `--wait`, as a duration. */
  defaultWait: string;
  /** True if the command can use the local program. */
  binaryAllowed: boolean;
  /** True if the command can work on several hosts. */
  clusterAllowed: boolean;
}

/** Reads and checks all settings. Throws `ConfigError` for the first invalid one. */
export async function readSettings(
  request: SettingsRequest,
): Promise<{ settings: Settings; unknown: string[] }> {
  const { raw, unknown } = await collectSettings(request);
  const values = check(raw);
  // A variable that is set for `list` must not fail a create, which does not have the option.
  const local = request.binaryAllowed && (values.binary ?? values.binaryPath !== undefined);
  const binaryPath = local ? (values.binaryPath ?? 'clickhouse-backup') : undefined;
  const user = values.user || undefined;
  if (user === undefined && values.password) {
    throw new ConfigError('a password is set, but no user', {
      hint: 'give the user as the second argument or as CHBACKUP_USER',
    });
  }
  const { quiet = false, verbose = false } = resolveVerbosity(values, request.given);
  if (quiet && verbose) {
    throw new ConfigError('--quiet and --verbose contradict each other', { hint: 'choose one' });
  }
  const shards = readShards(values.host, request.clusterAllowed, binaryPath);
  const host = shards?.[0]?.replicas[0] ?? hostOf(values.host, binaryPath);
  const ca = await readOwnCa(values.caFile, request.cwd);
  const clientCertificate = await readOwnCertificate(values, raw, request.cwd);
  const hosts = shards?.flatMap(({ replicas }) => replicas) ?? [host];
  if (hosts.some(({ baseUrl }) => baseUrl.startsWith('http:'))) refuseTlsOptions(values, raw);
  return {
    settings: {
      host,
      credentials: user === undefined ? undefined : { user, password: values.password ?? '' },
      logDir: absolutePath(values.logDir ?? defaults.logDir, request.cwd),
      waitMs: values.wait ?? parseDurationMs(request.defaultWait) ?? 0,
      timeoutMs: values.timeout ?? parseDurationMs(defaults.timeout) ?? 0,
      connectTimeoutMs: values.connectTimeout ?? parseDurationMs(defaults.connectTimeout) ?? 0,
      ca,
      clientCertificate,
      insecure: values.insecure ?? false,
      json: values.json ?? false,
      quiet,
      verbose,
      noColor: values.noColor ?? false,
      binaryPath,
      withoutBase: values.withoutBase ?? defaults.withoutBase,
      base: values.base ?? defaults.base,
      maxChain: values.maxChain,
      findBase: values.findBase ?? false,
      parallel: values.parallel,
      maxAgeMs: values.maxAge ?? parseDurationMs(defaults.maxAge) ?? 0,
      maxFullAgeMs: values.maxFullAge ?? parseDurationMs(defaults.maxFullAge) ?? 0,
      metricsDir: values.metricsDir && absolutePath(values.metricsDir, request.cwd),
      pingUrl: values.pingUrl,
      shards,
    },
    unknown,
  };
}

/** Lets `--quiet` or `--verbose` on the command line override the variable of the other. */
function resolveVerbosity(
  values: { quiet?: boolean | undefined; verbose?: boolean | undefined },
  given: Sources['given'],
): { quiet?: boolean | undefined; verbose?: boolean | undefined } {
  if (given.verbose !== undefined && given.quiet === undefined) return { verbose: values.verbose };
  if (given.quiet !== undefined && given.verbose === undefined) return { quiet: values.quiet };
  return values;
}

function check(raw: RawSettings): z.output<typeof schema> {
  const texts = Object.fromEntries(
    Object.entries(raw).map(([name, { value }]) => [name, value] as const),
  );
  const result = schema.safeParse(texts);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const name = issue?.path[0] as SettingName;
  const { value, from } = raw[name] ?? { value: '', from: name };
  const [problem = '', hint = ''] = (issue?.message ?? '').split('; ');
  const secret = fileSettings.some((each) => each === name);
  throw new ConfigError(`${from}${secret ? '' : ` ${JSON.stringify(value)}`} ${problem}`, {
    hint,
  });
}
