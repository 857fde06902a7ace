import { type HttpAnswer, type HttpRequest, TransportError } from '../../src/http/transport.js';
import type { Transport } from '../../src/http/transport.js';
import type { ScenarioHost } from './scenario-host.js';
import { reasonOf, simulatorTransport } from '../support/simulator-transport.js';
import type { RequestFault } from './script.js';
import { user } from './secret.js';
import type { Time } from './time.js';

const page = '<html><head><title>Bad Gateway</title></head><body>nginx</body></html>\n';

/** Returns a transport to a simulator without sockets, which can refuse connections. */
export function directTransport({ simulator, name }: ScenarioHost, password: string): Transport {
  const send = simulatorTransport(simulator, `http://${name}:7171`, { user, password });
  return async (request, signal) => {
    if (simulator.isRefusing()) {
      throw new TransportError('connection refused', { neverSent: true });
    }
    return send(request, signal);
  };
}

/** Sends a request and applies the fault to it. */
export async function sendWithFault(
  fault: RequestFault,
  request: HttpRequest,
  {
    send,
    signal,
    time,
    onDoneButRefused,
  }: { send: Transport; signal: AbortSignal; time: Time; onDoneButRefused: () => void },
): Promise<HttpAnswer> {
  const hang = async (neverSent: boolean): Promise<never> => {
    await time.server.sleep(Infinity, signal).catch(() => undefined);
    throw reasonOf(signal, neverSent);
  };
  switch (fault.kind) {
    case 'refused':
      throw new TransportError('connection refused', { neverSent: true });
    case 'connect hangs':
      return hang(true);
    case 'lost':
      if (fault.done) await send(request, signal);
      throw new TransportError('the connection was cut', { neverSent: false });
    case 'late': {
      const answer = await send(request, signal);
      await time.server.sleep(fault.ms, signal).catch(() => undefined);
      if (signal.aborted) throw reasonOf(signal, false);
      return answer;
    }
    case 'never':
      if (fault.done) await send(request, signal);
      return hang(false);
    case 'proxy':
      if (fault.done) await send(request, signal);
      return { status: fault.status, body: page };
    case 'proxy refuses':
      return { status: fault.status, body: page, retryAfter: fault.retryAfter };
    case 'error': {
      const body = { status: 'error', operation: 'list', error: fault.text };
      return { status: 500, body: JSON.stringify(body) };
    }
    case 'garbage': {
      const { status, body } = await send(request, signal);
      return { status, body: corrupt(body, fault.what) };
    }
    case 'twice': {
      const first = await send(request, signal);
      const second = await send(request, signal);
      if (fault.answer === 'first') return first;
      // The request was carried out, but the program receives a refusal.
      if (request.method === 'POST' && first.status < 300) onDoneButRefused();
      return second;
    }
  }
}

function corrupt(body: string, how: 'half' | 'lines' | 'html' | 'binary'): string {
  switch (how) {
    case 'half':
      return body.slice(0, Math.ceil(body.trimEnd().length / 2));
    case 'lines':
      return body
        .split('\n')
        .filter((_, at) => at % 2 === 1)
        .join('\n');
    case 'html':
      return page;
    case 'binary':
      return '\u0000\u0001\uFFFD\u001b[2J\u0000'.repeat(50);
  }
}
