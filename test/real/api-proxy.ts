import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy in front of the API, which can hold up a request until a test has done something. */
export class ApiProxy {
  /** What to do before requests whose path begins with a prefix, in the order of the requests. */
  private readonly actions: { prefix: string; action: () => Promise<void> }[] = [];
  private readonly server = createServer((from, to) => void this.pass(from, to));
  private readonly apiPort: number;

  private constructor(apiPort: number) {
    this.apiPort = apiPort;
  }

  static async start(apiPort: number): Promise<ApiProxy> {
    const proxy = new ApiProxy(apiPort);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Does something before the next request whose path begins with `prefix` is passed on. */
  before(prefix: string, action: () => Promise<void>): void {
    this.actions.push({ prefix, action });
  }

  /** True if every action was done. */
  get isDone(): boolean {
    return this.actions.length === 0;
  }

  private async pass(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const { headers, method, url: path = '' } = from;
    if (this.actions[0] !== undefined && path.startsWith(this.actions[0].prefix)) {
      await this.actions.shift()?.action();
    }
    const onward = request({ host: '127.0.0.1', port: this.apiPort, path, method, headers });
    onward.on('response', (answer) => {
      to.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(to);
    });
    onward.on('error', () => to.destroy());
    from.pipe(onward);
  }
}
