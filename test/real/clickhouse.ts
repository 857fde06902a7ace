import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from './free-port.js';
import { ServerProcess } from './server-process.js';

/** The place of a ClickHouse server in a cluster with replicated tables. */
export interface ClusterPlace {
  zooKeeperPort: number;
  shard: string;
  replica: string;
}

/** The ClickHouse server of one test, with its data in the test's folder. */
export class ClickHouse {
  readonly port: number;
  process: ServerProcess;
  private readonly httpPort: number;
  private readonly folder: string;

  private constructor(folder: string, port: number, httpPort: number) {
    this.folder = folder;
    this.port = port;
    this.httpPort = httpPort;
    this.process = launch(folder);
  }

  static async start(folder: string, place?: ClusterPlace): Promise<ClickHouse> {
    mkdirSync(path.join(folder, 'tmp'), { recursive: true });
    const port = await freePort();
    const httpPort = await freePort();
    const clusterPart = place === undefined ? '' : clusterConfiguration(place, await freePort());
    const config = configuration(folder, port, httpPort, clusterPart);
    writeFileSync(path.join(folder, 'config.xml'), config);
    writeFileSync(path.join(folder, 'users.xml'), users);
    const clickhouse = new ClickHouse(folder, port, httpPort);
    await clickhouse.waitUntilUp();
    return clickhouse;
  }

  /** Starts the server again with the same data, after its process has ended. */
  async restart(): Promise<void> {
    this.process = launch(this.folder);
    await this.waitUntilUp();
  }

  private async waitUntilUp(): Promise<void> {
    await this.process.waitUntil(async () => (await this.query('SELECT 1')) === '1');
  }

  /** Runs one statement and returns its result, separated by tabs. */
  async query(sql: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.httpPort}/`, {
      method: 'POST',
      body: sql,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${sql}: ${text}`);
    return text.trim();
  }

  /** Creates a table, given as `database.table`, and its database. */
  async createTable(table: string): Promise<void> {
    await this.query(`CREATE DATABASE IF NOT EXISTS ${table.split('.')[0]}`);
    await this.query(
      `CREATE TABLE ${table} (day Date, id UInt64, value UInt64) ` +
        'ENGINE = MergeTree PARTITION BY toYYYYMM(day) ORDER BY id',
    );
  }

  /** Inserts rows with ids from `from` on and incompressible values of 8 bytes per row. */
  async insertRows(table: string, from: number, count: number): Promise<void> {
    await this.query(
      `INSERT INTO ${table} SELECT toDate('2026-01-01'), number + ${from}, rand64(number) ` +
        `FROM system.numbers LIMIT ${count}`,
    );
  }

  async countRows(table: string): Promise<number> {
    return Number(await this.query(`SELECT count() FROM ${table}`));
  }
}

function launch(folder: string): ServerProcess {
  const config = path.join(folder, 'config.xml');
  const command = ['clickhouse-server', `--config-file=${config}`];
  return new ServerProcess(command, path.join(folder, 'output'));
}

const configuration = (
  folder: string,
  port: number,
  httpPort: number,
  clusterPart: string,
) => `<?xml version="1.0"?>
<yandex>
  <logger>
    <level>warning</level>
    <log>${folder}/log</log>
    <errorlog>${folder}/error-log</errorlog>
  </logger>
  <listen_host>127.0.0.1</listen_host>
  <tcp_port>${port}</tcp_port>
  <http_port>${httpPort}</http_port>
  <path>${folder}/data/</path>
  <tmp_path>${folder}/tmp/</tmp_path>
  <users_config>users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <mark_cache_size>67108864</mark_cache_size>${clusterPart}
</yandex>
`;

const clusterConfiguration = (place: ClusterPlace, interserverPort: number) => `
  <interserver_http_host>127.0.0.1</interserver_http_host>
  <interserver_http_port>${interserverPort}</interserver_http_port>
  <zookeeper>
    <node><host>127.0.0.1</host><port>${place.zooKeeperPort}</port></node>
    <session_timeout_ms>120000</session_timeout_ms>
  </zookeeper>
  <macros>
    <shard>${place.shard}</shard>
    <replica>${place.replica}</replica>
  </macros>`;

const users = `<?xml version="1.0"?>
<yandex>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </default>
  </users>
</yandex>
`;
