import { MODEL_SERVER_LIMITS } from './limits.ts'
import type { Item } from './responses/request.ts'

/** Responses by their id, for `previous_response_id`: everything that was said up to each. */
export interface StoredResponses {
  find(id: string): readonly Item[] | undefined
  keep(id: string, items: readonly object[]): void
}

export function storedResponses(): StoredResponses {
  const stored = new Map<string, readonly Item[]>()
  return {
    find: (id) => stored.get(id),
    keep(id, items) {
      stored.set(
        id,
        items.map((item) => ({ ...item })),
      )
      const [oldest] = stored.keys()
      if (stored.size > MODEL_SERVER_LIMITS.storedResponses && oldest !== undefined) stored.delete(oldest)
    },
  }
}
