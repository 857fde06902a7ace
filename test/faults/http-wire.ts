import { createGotTransport } from '../../src/http/got-transport.js';
import type { Transport } from '../../src/http/transport.js';
import { type ListeningSimulator, serve } from '../simulator/http-server.js';
import type { Simulator } from '../simulator/simulator.js';
import { user } from './secret.js';
import type { SceneHost } from './scene-host.js';
import type { Time } from './time.js';

/** The same servers behind real sockets, a port for each run, and the program's own transport. */
export class HttpWires {
  private readonly listening: Promise<ListeningSimulator>[] = [];

  readonly transportOf = ({ simulator }: SceneHost, password: string, time: Time): Transport => {
    let answering = 0;
    const counting = Object.create(simulator, {
      handle: {
        value: async (...request: Parameters<Simulator['handle']>) => {
          answering++;
          return simulator.handle(...request).finally(() => answering--);
        },
      },
    }) as Simulator;
    const opened = serve(counting);
    this.listening.push(opened);
    return async (request, signal) => {
      const send = createGotTransport({
        baseUrl: (await opened).url,
        credentials: { user, password },
        ca: undefined,
        clientCertificate: undefined,
        insecure: false,
      });
      // When we go, the server learns of it late: until then, time must not go on.
      let release: (() => void) | undefined;
      const onAbort = () => (release = time.hold());
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        return await send(request, signal);
      } finally {
        // The server counts it down.
        // oxlint-disable-next-line no-unmodified-loop-condition
        while (answering > 0) await new Promise((resolve) => setImmediate(resolve));
        signal.removeEventListener('abort', onAbort);
        release?.();
      }
    };
  };

  async close(): Promise<void> {
    for (const server of this.listening) await (await server).close();
  }
}
