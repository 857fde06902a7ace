/** How long a request, or a call of the program, may take that reads no storage. */
export const quickMs = 30_000;

/** How long a list or a delete may take: it reads the remote storage before it answers. */
export const slowMs = 10 * 60_000;
