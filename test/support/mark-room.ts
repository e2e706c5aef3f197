/** Room for purge marks, as a memory budget gives it. */

import type { MarkRoom } from '../../src/core/memory/mark-room.ts'

/** @param maxBytes Default: without end. */
export function limitedRoom(maxBytes = Number.POSITIVE_INFINITY): MarkRoom & { bytes: number } {
  const room = {
    bytes: 0,
    takeMarks(bytes: number): boolean {
      if (room.bytes + bytes > maxBytes) return false
      room.bytes += bytes
      return true
    },
    freeMarks(bytes: number): void {
      room.bytes -= bytes
    },
  }
  return room
}
