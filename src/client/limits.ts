/** The time limit of a request or a program call that does not read the remote storage. */
export const quickMs = 30_000;

/** The time limit of a list or a delete, which reads the remote storage before it answers. */
export const slowMs = 10 * 60_000;
