import { createGotTransport } from '../../src/http/got-transport.js';
import type { Transport } from '../../src/http/transport.js';
import { type ListeningSimulator, serve } from '../simulator/http-server.js';
import type { Simulator } from '../simulator/simulator.js';
import { user } from './secret.js';
import type { ScenarioHost } from './scenario-host.js';
import type { Time } from './time.js';

/** Transports over real sockets, with a port for each run and the program's own HTTP client. */
export class HttpTransports {
  private readonly listening: Promise<ListeningSimulator>[] = [];

  readonly transportOf = ({ simulator }: ScenarioHost, password: string, time: Time): Transport => {
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
      // The server notices an aborted request late; until then, time must not pass.
      let release: (() => void) | undefined;
      const onAbort = () => (release = time.hold());
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        return await send(request, signal);
      } finally {
        // The server decrements it.
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
