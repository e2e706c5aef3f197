/** The memory that purge marks may take. Interface only: `MemoryBudget` gives it. */

export interface MarkRoom {
  /** So many bytes more are about to be taken; entries may have to go for them. Returns false for no room. */
  readonly takeMarks: (bytes: number) => boolean
  readonly freeMarks: (bytes: number) => void
}
