import * as z from 'zod/mini';

/** The wire's shapes (contract §2, §3, §5); snake_case ends here. Unknown fields are left aside. */

export const actionRow = z.object({
  command: z.string(),
  status: z.enum(['in progress', 'success', 'error', 'cancel']),
  start: z.string(),
  finish: z.optional(z.string()),
  error: z.optional(z.string()),
  operation_id: z.optional(z.string()),
});

export const listRow = z.object({
  name: z.string(),
  created: z.string(),
  size: z.optional(z.number()),
  location: z.enum(['local', 'remote']),
  required: z._default(z.string(), ''),
  desc: z._default(z.string(), ''),
});

export const tableRow = z.object({
  Database: z.string(),
  Name: z.string(),
  Engine: z._default(z.string(), ''),
  UUID: z._default(z.string(), ''),
  CreateTableQuery: z._default(z.string(), ''),
  TotalBytes: z._default(z.number(), 0),
  Skip: z._default(z.boolean(), false),
});

export const acknowledgement = z.object({
  status: z.string(),
  operation: z.string(),
  backup_name: z.optional(z.string()),
  operation_id: z.optional(z.string()),
});

export const errorAnswer = z.object({ error: z.string() });

export const versionAnswer = z.object({ version: z.string() });
