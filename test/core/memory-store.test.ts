import { describe } from 'vitest'
import { entryStoreContract } from '../contract/entry-store.contract.ts'
import { MemoryStore } from '../support/memory-store.ts'

describe('the store in memory that stands for a disk', () => {
  entryStoreContract(async (run) => run(new MemoryStore()))
})
