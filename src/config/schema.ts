import * as z from 'zod/mini';
import { durationProblem, parseDurationMs } from './duration.js';
import { pingUrlProblem } from './ping-url.js';

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
export const schema = z.object({
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
