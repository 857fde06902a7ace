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

export function namesCommand(pingUrl: string): boolean {
  return pingUrl.includes('{command}');
}

export function namesShard(pingUrl: string): boolean {
  return pingUrl.includes('{shard}');
}
