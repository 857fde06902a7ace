import type { SimulatedServer } from './server.js';

/** A request that was matched to a route. */
export interface Call {
  server: SimulatedServer;
  query: URLSearchParams;
  /** The parts of the path where the template has braces. */
  parameters: string[];
  body: string;
  /** Aborted when the client can no longer be answered. */
  connection: AbortSignal;
}

/** The server ends the connection without an answer. */
export class ConnectionCut extends Error {}
