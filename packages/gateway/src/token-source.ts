import { hasCode, sha256Hex, toSeamError, SeamError, type Clock } from '@seamark/kit'

/** A token, and what was made beside it. */
export interface Mint {
  readonly token: Uint8Array
  /** Epoch milliseconds; absent where whoever issued it did not say. */
  readonly expiresAt?: number
  /** What the stored secret is from now on, where it was issued anew. */
  readonly successor?: Uint8Array
}

export interface Minting {
  /** For messages. */
  readonly name: string
  /** Makes a token from a secret. It is never called twice at once. */
  readonly mint: (secret: Uint8Array) => Promise<Mint>
  /** The secret as the store has it. */
  readonly stored: () => Promise<{ readonly value: Uint8Array; readonly version?: string }>
  /** Puts a secret in place of the one of a version. Errors: `CONFLICT` and `NOT_FOUND` where that one is not there any more. */
  readonly replace?: (version: string, value: Uint8Array) => Promise<unknown>
}

export interface TokenSource {
  /** The token that is good now, made from what the store has now. Errors: those of `Minting`; `UNAVAILABLE`. */
  readonly token: () => Promise<Uint8Array>
  /** Has another one made where this one is older than a moment. Whether there is or will be another. */
  readonly refused: (digest: string) => boolean
}

/** The end of a token's life that is not used: another one is made before. */
const EARLY = { mostMs: 300_000, part: 4 } as const
const SHORTEST_MS = 1_000
/** A host that refuses every token does not have one made for each request. */
const YOUNG_MS = 30_000
/** Nor does an issuer that fails get asked for each. */
const FAILED_MS = 5_000
/** The store changes under a token that is being made this often at most. */
const TURNS = 4

interface Kept {
  readonly token: Uint8Array
  readonly digest: string
  /** What the store had when it was made, or has since. */
  readonly from: Uint8Array
  readonly madeAt: number
  /** From when on another one is made. */
  readonly until: number
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.from(a).equals(b)

/**
 * Keeps one token of a secret until shortly before it ends. All that ask meanwhile wait for one making. What is given was
 * made from what the store has when it is given: a secret that was removed or replaced gives no more tokens, kept ones neither.
 *
 * A successor of the secret is durable in the store before its token is used. Where the store can not be written it is
 * kept in memory, for as long as the store has what it succeeded; `onNotice` is told once.
 */
export function tokenSource(
  minting: Minting,
  { clock, onNotice }: { readonly clock: Clock; readonly onNotice: (error: Error) => void },
): TokenSource {
  const { name, mint, stored, replace } = minting
  let kept: Kept | undefined
  let making: Promise<void> | undefined
  let failed: { readonly from: Uint8Array; readonly until: number; readonly error: SeamError } | undefined
  // A successor that the store does not have: it could not be written, or not yet.
  let ahead:
    { readonly from: Uint8Array; readonly mint: Mint; readonly madeAt: number; readonly used: boolean } | undefined
  let told = false

  const isGood = (one: Kept | undefined, from: Uint8Array): one is Kept =>
    one !== undefined && same(one.from, from) && clock.now() < one.until

  function keep({ token, expiresAt }: Mint, from: Uint8Array, madeAt: number): void {
    const life = (expiresAt ?? Number.POSITIVE_INFINITY) - madeAt
    // One that is over at once would be made without end.
    const until = madeAt + Math.max(SHORTEST_MS, life - Math.min(EARLY.mostMs, life / EARLY.part))
    kept = { token, digest: sha256Hex(token), from, madeAt, until }
  }

  /** Makes a successor durable, and its token one to be used. */
  async function settle(version: string | undefined): Promise<void> {
    if (ahead === undefined) return
    const { from, mint: made, madeAt } = ahead
    const { successor } = made
    if (successor === undefined) return
    if (replace === undefined || version === undefined) {
      if (!told)
        onNotice(
          new SeamError('UNAVAILABLE', `The secret ${name} was issued anew, and its store can not be written.`, {
            remedy: 'It is good until the service ends; then sign in anew. Keep it in a store that can be written.',
          }),
        )
      told = true
      ahead = { ...ahead, used: true }
      return keep(made, from, madeAt)
    }
    try {
      await replace(version, successor)
      ahead = undefined
      keep(made, successor, madeAt)
    } catch (error) {
      // Somebody set or removed it: what they did holds.
      if (hasCode(error, 'CONFLICT') || hasCode(error, 'NOT_FOUND')) return void (ahead = undefined)
      throw error
    }
  }

  async function make(): Promise<void> {
    const { value, version } = await stored()
    if (isGood(kept, value)) return
    if (ahead !== undefined && !same(ahead.from, value)) ahead = undefined
    // The issuer takes each secret once, perhaps: the one that it gave is not asked for again.
    if (ahead?.used === false) return settle(version)
    if (failed !== undefined && same(failed.from, value) && clock.now() < failed.until) throw failed.error
    const madeAt = clock.now()
    let made: Mint
    try {
      made = await mint(ahead?.mint.successor ?? value)
    } catch (error) {
      failed = { from: value, until: clock.now() + FAILED_MS, error: toSeamError(error) }
      throw failed.error
    }
    failed = undefined
    if (made.successor !== undefined) {
      ahead = { from: value, mint: made, madeAt, used: false }
      return settle(version)
    }
    keep(made, value, madeAt)
  }

  return {
    async token() {
      for (let turn = 0; turn < TURNS; turn++) {
        const { value } = await stored()
        if (isGood(kept, value)) return kept.token
        making ??= make().finally(() => (making = undefined))
        await making
      }
      throw new SeamError('UNAVAILABLE', `The secret ${name} is being changed.`, { remedy: 'Try again.' })
    },
    refused(digest) {
      if (kept === undefined || kept.digest !== digest) return true
      if (clock.now() - kept.madeAt < YOUNG_MS) return false
      kept = undefined
      return true
    },
  }
}
