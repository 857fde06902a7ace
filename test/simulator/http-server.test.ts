import { afterEach, expect, test } from 'vitest';
import { type ListeningSimulator, serve } from './http-server.js';
import { ManualClock } from './manual-clock.js';
import { Simulator } from './simulator.js';

const simulator = () => new Simulator({ version: '2.8.1', clock: new ManualClock() });
let server: ListeningSimulator;
afterEach(() => server.close());

const errorCode = (error: { cause?: { code?: string } }) => error.cause?.code ?? 'no code';

test('a closed port refuses connections until it is opened again', async () => {
  server = await serve(simulator());
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  await server.stopListening();
  expect(await fetch(`${server.url}/health`).catch(errorCode)).toBe('ECONNREFUSED');
  await server.listenAgain();
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
});

test('a dropped answer cuts the connection', async () => {
  const cut = simulator();
  cut.refuse = true;
  server = await serve(cut);
  expect(await fetch(`${server.url}/health`).catch(errorCode)).toBe('UND_ERR_SOCKET');
});

test('a delayed answer ends when the client disconnects', async () => {
  const held = simulator();
  held.neverAnswer({ path: /health/ });
  server = await serve(held);
  const signal = AbortSignal.timeout(50);
  await expect(fetch(`${server.url}/health`, { signal })).rejects.toThrow('aborted');
  await expect.poll(() => held.requests).toMatchObject([{ path: '/health' }]);
});
