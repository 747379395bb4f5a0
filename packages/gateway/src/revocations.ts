import { sleep } from '@seamark/kit'

/** How long a secret is not looked for between two looks: with the look itself that is less than a second. */
const EVERY_MS = 400

/** Looks whether secrets are still there, while requests that carry them are under way. */
export interface Revocations {
  /** Has `gone` called once the secret was removed, and again until that is ended by what it gives. */
  readonly follow: (name: string, gone: () => void) => () => void
}

/** Asks once for all that carry a secret. Where it can not be said, it counts as there. */
export function revocations(stands: (name: string) => Promise<boolean>, everyMs: number = EVERY_MS): Revocations {
  const followed = new Map<string, Set<() => void>>()

  async function look(name: string, all: ReadonlySet<() => void>): Promise<void> {
    // Ended by itself: most requests are over before the first look.
    for (;;) {
      await sleep(everyMs)
      if (all.size === 0) break
      if (await stands(name).catch(() => true)) continue
      for (const gone of all) gone()
    }
    followed.delete(name)
  }

  function follow(name: string, gone: () => void): () => void {
    const known = followed.get(name)
    const all = known ?? new Set<() => void>()
    all.add(gone)
    if (known === undefined) {
      followed.set(name, all)
      void look(name, all)
    }
    return () => void followed.get(name)?.delete(gone)
  }

  return { follow }
}
