import { test } from 'vitest'
import { runDurableModel } from '../contract/durable-model.ts'
import { MemoryStore } from '../support/memory-store.ts'

test('a durable group never answers what it must not, whatever happens to its memory', async () => {
  await runDurableModel(
    () => new MemoryStore(),
    ({ bytes }) => bytes,
    500,
  )
})
