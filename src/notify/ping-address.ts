/** What the placeholders of a ping URL are replaced by. */
export interface PingValues {
  command: string;
  /** HOST as in file names; undefined for a ping of all shards. */
  shard: string | undefined;
}

/** A ping URL with its placeholders filled in. */
export interface PingAddress {
  /** `https://name:port`, without credentials. */
  baseUrl: string;
  credentials: { user: string; password: string } | undefined;
  /** Returns the path of a ping, such as `/UUID/start?rid=…`. A query of the URL is kept. */
  pathOf(suffix: string, runId: string): string;
}

export function addressOf(pingUrl: string, { command, shard = '' }: PingValues): PingAddress {
  const url = new URL(pingUrl.replaceAll('{command}', command).replaceAll('{shard}', shard));
  const { origin, username, password, search } = url;
  const folder = url.pathname.replace(/\/+$/, '');
  return {
    baseUrl: origin,
    credentials:
      username === '' && password === ''
        ? undefined
        : { user: decodeURIComponent(username), password: decodeURIComponent(password) },
    pathOf: (suffix, runId) => {
      return `${folder}/${suffix}${search === '' ? '?' : `${search}&`}rid=${runId}`;
    },
  };
}

/**
 * Returns the URL that a command pings; undefined if it pings none. A URL that does not name the command
 * is that of the backups: the success of a check must not hide that they are missing.
 */
export function urlFor(kind: 'run' | 'check', pingUrl: string | undefined): string | undefined {
  return kind === 'run' || pingUrl?.includes('{command}') ? pingUrl : undefined;
}

export function namesShard(pingUrl: string): boolean {
  return pingUrl.includes('{shard}');
}
