import type { SimulatedServer } from './server.js';

/** A request that has found its route. */
export interface Call {
  server: SimulatedServer;
  query: URLSearchParams;
  /** What stands in the path where the template has braces. */
  parameters: string[];
  body: string;
  /** Aborted when nobody can be answered any more. */
  connection: AbortSignal;
}

/** The server ends the connection without an answer. */
export class ConnectionCut extends Error {}
