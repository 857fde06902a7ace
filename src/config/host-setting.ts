import { ConfigError } from '../errors.js';
import { isClusterNotation, parseCluster, type Shard } from './cluster.js';
import { type Host, parseHost } from './host.js';

/**
 * Returns the shards of a cluster; undefined for a single host. Throws `ConfigError` if the command, or the
 * local program, works on one host.
 */
export function readShards(
  text: string | undefined,
  clusterAllowed: boolean,
  binaryPath: string | undefined,
): Shard[] | undefined {
  if (text === undefined || !isClusterNotation(text)) return undefined;
  const shards = parseCluster(text);
  if (binaryPath !== undefined) {
    throw new ConfigError('--binary works on one host, and several were given', {
      hint: 'leave out --binary or the hosts',
    });
  }
  if (clusterAllowed) return shards;
  throw new ConfigError('this command works on one host, and several were given', {
    hint: 'run it on one replica of each shard',
  });
}

/** Returns the single host. Throws `ConfigError` if none is given and the local program is not used. */
export function hostOf(text: string | undefined, binaryPath: string | undefined): Host {
  if (text !== undefined) return parseHost(text);
  if (binaryPath !== undefined) {
    return { label: 'local', fileName: 'local', agentFileName: 'local', baseUrl: '' };
  }
  throw new ConfigError('no host given', {
    hint: 'give the API server as the first argument or as CHBACKUP_HOST, or use --binary if the command has it',
  });
}
