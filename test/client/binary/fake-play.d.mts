/** Plays one call of clickhouse-backup; see the head of fake-play.mjs. */
export function play(call: {
  given: readonly string[];
  env: Record<string, string | undefined>;
  out(text: string): unknown;
  err(text: string): unknown;
  killed?: AbortSignal;
}): Promise<{ exitCode?: number; signal?: string }>;
