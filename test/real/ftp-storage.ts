import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.js';
import { ServerProcess } from './server-process.js';

const nobody = 65_534;

/**
 * The remote storage: an FTP server with one virtual user. `passwordHash` is the SHA-512 hash of
 * `password` by crypt(3): with the hash that pure-pw creates, every login takes two seconds.
 */
export class FtpStorage {
  readonly user = 'backups';
  readonly password = 'storage-password';
  readonly port: number;
  private readonly folder: string;
  private process: ServerProcess | undefined;

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  static async start(folder: string): Promise<FtpStorage> {
    const storage = new FtpStorage(folder, await freePort());
    mkdirSync(storage.files, { recursive: true });
    chownSync(storage.files, nobody, nobody);
    const entry = [storage.user, passwordHash, nobody, nobody, '', `${storage.files}/./`].join(':');
    writeFileSync(path.join(folder, 'users'), `${entry}${':'.repeat(12)}\n`);
    execFileSync('pure-pw', ['mkdb', storage.database, '-f', path.join(folder, 'users')]);
    await storage.start();
    return storage;
  }

  /** Starts the server; `kilobytesPerSecond` limits the speed of uploads. */
  async start(kilobytesPerSecond?: number): Promise<void> {
    const { port } = this;
    this.process = new ServerProcess(
      [
        'pure-ftpd',
        ...['--bind', `127.0.0.1,${port}`],
        ...['--login', `puredb:${this.database}`],
        ...['--pidfile', path.join(this.folder, 'pid')],
        ...['--maxclientsnumber', '50', '--maxclientsperip', '50'],
        ...['--chrooteveryone', '--noanonymous', '--dontresolve'],
        ...(kilobytesPerSecond === undefined ? [] : ['--userbandwidth', `${kilobytesPerSecond}:`]),
      ],
      path.join(this.folder, 'output'),
    );
    await this.process.waitUntil(async () => {
      const socket = connect(port, '127.0.0.1');
      const [greeting] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      return greeting.toString().startsWith('220');
    });
  }

  /** Stops the server: open connections break, new ones are refused. */
  async stop(): Promise<void> {
    await this.process?.kill();
  }

  /** Limits the speed of uploads from now on. */
  async throttle(kilobytesPerSecond: number): Promise<void> {
    await this.stop();
    await this.start(kilobytesPerSecond);
  }

  /** Returns the paths of all files that begin with `prefix`, relative to the storage's root. */
  list(prefix = ''): string[] {
    return readdirSync(this.files, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(this.files, path.join(entry.parentPath, entry.name)))
      .filter((file) => file.startsWith(prefix))
      .toSorted();
  }

  /** Removes a folder without clickhouse-backup. */
  remove(folder: string): void {
    rmSync(path.join(this.files, folder), { recursive: true });
  }

  /** Creates a file without clickhouse-backup. */
  put(file: string): void {
    const full = path.join(this.files, file);
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, 'not a backup\n');
    for (let at = full; at !== this.files; at = path.dirname(at)) chownSync(at, nobody, nobody);
  }

  /** Waits until there is a file that begins with `prefix`. */
  async waitForFile(prefix: string): Promise<void> {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(10)) {
      if (this.list(prefix).length > 0) return;
    }
    throw new Error(`no file ${prefix} appeared on the storage`);
  }

  private get files(): string {
    return path.join(this.folder, 'files');
  }

  private get database(): string {
    return path.join(this.folder, 'users.pdb');
  }
}

const passwordHash =
  '$6$chbackup$xrzxmNbpXcUhdg..Sx1aLEGzkUdr/xUm3O5HkEy7jao1X9LVKZpS5gWLQ/jglguPblCOu5U3cteAfMJmwgONP.';
