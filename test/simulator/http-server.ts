import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import type { Simulator } from './simulator.js';

/** A simulator that listens on a port. */
export interface ListeningSimulator {
  port: number;
  url: string;
  /** Closes the port, so that clients see ECONNREFUSED; open connections are cut. */
  stopListening(): Promise<void>;
  /** Opens the same port again. */
  listenAgain(): Promise<void>;
  close(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** A callback for each request that was carried out, as `METHOD path`. */
type BeforeAnswer = (request: string) => Promise<void> | undefined;

async function answer(
  simulator: Simulator,
  request: IncomingMessage,
  response: ServerResponse,
  beforeAnswer?: BeforeAnswer,
): Promise<void> {
  const disconnected = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) disconnected.abort(new Error('the client has disconnected'));
  });
  const { method = '', url: path = '' } = request;
  const { authorization } = request.headers;
  const body = await bodyOf(request);
  const reply = await simulator.handle(
    { method, path, headers: { authorization }, body },
    disconnected.signal,
  );
  await beforeAnswer?.(`${method} ${path}`);
  if ('dropped' in reply) {
    request.socket.destroy();
    return;
  }
  response.writeHead(reply.status, reply.headers);
  response.end(reply.body);
}

export interface ServeOptions {
  tls?: TlsOptions;
  host?: string;
  port?: number;
  /** Returns a promise that an answer waits for before it is sent. */
  beforeAnswer?: BeforeAnswer;
}

/** Serves a simulator on a free port of 127.0.0.1, with or without TLS. */
export async function serve(
  simulator: Simulator,
  options: ServeOptions = {},
): Promise<ListeningSimulator> {
  const { tls, host = '127.0.0.1', beforeAnswer } = options;
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    answer(simulator, request, response, beforeAnswer).catch(() => request.socket.destroy());
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  const stopListening = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen(options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${tls ? 'https' : 'http'}://${host}:${port}`,
    stopListening,
    listenAgain: () => listen(port),
    close: stopListening,
  };
}
