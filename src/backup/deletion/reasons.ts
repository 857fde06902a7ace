/** Why a plan deletes or keeps an entry of the list. Ages are in milliseconds. */
export type Reason =
  // Deleted.
  | { kind: 'all' | 'named' | 'broken' }
  | { kind: 'old'; ageMs: number }
  | { kind: 'older-than-kept'; count: number }
  // Kept because of the entry itself.
  | { kind: 'no-name' | 'foreign' | 'undeletable-name' | 'unknown-name' }
  | { kind: 'bad-state'; state: 'broken' | 'old-format' }
  // Kept because the selection does not include it.
  | {
      kind: 'not-selected' | 'not-broken' | 'broken-once' | 'newer-than-kept' | 'not-in-shown-plan';
    }
  | { kind: 'newest'; count: number }
  | { kind: 'young'; ageMs: number }
  // Kept although the selection includes it.
  | { kind: 'last-backup' | 'remote-unknown' | 'not-on-remote' | 'not-listed' | 'plan-refused' }
  | { kind: 'required'; by: string }
  /** `by` is broken, so its base is unknown. */
  | { kind: 'may-be-required'; by: string };
