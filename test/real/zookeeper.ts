import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { freePort } from './free-port.js';
import { findProgram } from './programs.js';
import { ServerProcess } from './server-process.js';

/** The library of Debian's package libzookeeper-java, which names the libraries that it needs. */
const library = '/usr/share/java/zookeeper.jar';

/** The ZooKeeper of one test, which replicated tables need. */
export class ZooKeeper {
  readonly port: number;
  private readonly process: ServerProcess;

  private constructor(process: ServerProcess, port: number) {
    this.process = process;
    this.port = port;
  }

  static async start(folder: string): Promise<ZooKeeper> {
    mkdirSync(folder, { recursive: true });
    const port = await freePort();
    const config = path.join(folder, 'zoo.cfg');
    writeFileSync(
      config,
      [
        'tickTime=2000',
        `dataDir=${path.join(folder, 'data')}`,
        `clientPort=${port}`,
        'clientPortAddress=127.0.0.1',
        // A server that a test stops for half a minute keeps its session.
        'maxSessionTimeout=120000',
        'admin.enableServer=false',
        '',
      ].join('\n'),
    );
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
    const process = new ServerProcess(
      ['java', '-Xmx128m', '-cp', library, main, config],
      path.join(folder, 'output'),
    );
    await process.waitUntil(async () => (await status(port)).startsWith('Zookeeper version'));
    return new ZooKeeper(process, port);
  }

  async stop(): Promise<void> {
    await this.process.kill();
  }
}

/** Returns what is missing here for ZooKeeper, in words for a test title. */
export function missingForZooKeeper(): string[] {
  const missing = findProgram('java') === undefined ? ['no java on PATH'] : [];
  return existsSync(library) ? missing : [...missing, `no ZooKeeper in ${library}`];
}

async function status(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write('srvr');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer.toString();
}
