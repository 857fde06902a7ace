import { ConfigError } from '../errors.js';

/** The API server of one ClickHouse replica, or the local program. */
export interface Host {
  /** The host as typed, for messages. */
  label: string;
  /** The host in file names; see `fileNameOf`. */
  fileName: string;
  /** The host in the bash agent's file names: the name as typed. */
  agentFileName: string;
  /** `http://name:port`, without a trailing slash. */
  baseUrl: string;
}

const defaultPort = 7171;
const hint = 'write it as name, name:port, http://name:port, https://name:port or [IPv6]:port';

const hostPattern =
  /^(?:(?<scheme>https?):\/\/)?(?<name>\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_.])?)(?::(?<port>\d{1,5}))?$/i;

/** Parses a host as typed; it may end with a slash. Throws `ConfigError` if it is not valid. */
export function parseHost(text: string): Host {
  const typed = text.replace(/\/$/, '');
  if (text.trim() === '') throw new ConfigError('the host is empty', { hint });
  if (text.includes('@')) {
    throw new ConfigError('the host must not contain credentials', {
      hint: 'give user and password as separate arguments, or as CHBACKUP_USER and CHBACKUP_PASSWORD',
    });
  }
  if (/[/?#]/.test(typed.replace(/^[a-z]+:\/\//i, ''))) {
    throw new ConfigError('the host must not contain a path or query', { hint });
  }
  const parts = hostPattern.exec(typed)?.groups;
  const name = parts?.['name'];
  if (parts === undefined || name === undefined || !isName(name)) {
    // The text is not shown, because it may be a password in the wrong place.
    throw new ConfigError('invalid host', { hint });
  }
  const port = parts['port'] === undefined ? defaultPort : Number(parts['port']);
  if (port < 1 || port > 65_535) {
    throw new ConfigError('the port of the host is out of range', {
      hint: 'give a port from 1 to 65535',
    });
  }
  const scheme = (parts['scheme'] ?? 'http').toLowerCase();
  return {
    label: text,
    fileName: fileNameOf(name, port),
    agentFileName: name,
    baseUrl: `${scheme}://${name}:${port}`,
  };
}

/**
 * Returns the host for file names: the name as typed, as in the bash agent's file names, and the port
 * if it is not the default. An underscore in a name becomes a dash, so that `a_1` and `a:1` differ.
 */
function fileNameOf(name: string, port: number): string {
  const safe = name.replaceAll(/[^A-Za-z0-9.-]/g, '-');
  return port === defaultPort ? safe : `${safe}_${port}`;
}

function isName(name: string): boolean {
  if (name.startsWith('[')) return URL.canParse(`http://${name}/`);
  if (name.length > 253 || name.includes('..') || !URL.canParse(`http://${name}/`)) return false;
  // A number, which may be a password in the wrong place, would become an address: 123 is 0.0.0.123.
  return new URL(`http://${name}/`).hostname === name.toLowerCase();
}
