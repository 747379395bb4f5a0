import type { DataKeys, EncryptionContext } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import { isSeamError, orAbort, SeamError, sha256Hex, throwIfAborted } from '@seamark/kit'

export interface EncryptionOptions {
  readonly keys: DataKeys
  /** Payloads, snapshots or blobs that one data key encrypts at most. Default 100,000. */
  readonly rotateAfterUses?: number
  /** Longest time in which one data key encrypts. Default 15 minutes, and never longer than `keepMs`. */
  readonly rotateAfterMs?: number
  /** Longest time that a plaintext data key stays in memory; then it is overwritten. Default 15 minutes. */
  readonly keepMs?: number
  /** Default one that nobody sets back. */
  readonly clock?: Clock
}

/** A data key, for the length of one synchronous call. */
export interface HeldKey {
  /** 32 bytes. Not to be kept. */
  readonly plaintext: Uint8Array
  readonly wrapped: Uint8Array
}

/** Data keys in memory, for a bounded time. */
export interface KeyRing {
  /** Lets `use` encrypt `uses` things under a key for this context. Errors: those of `DataKeys.generate`. */
  seal<T>(context: EncryptionContext, uses: number, use: (key: HeldKey) => T, signal?: AbortSignal): Promise<T>
  /** Lets `use` decrypt with this key. Errors: those of `DataKeys.unwrap`. */
  open<T>(wrapped: Uint8Array, context: EncryptionContext, use: (key: HeldKey) => T, signal?: AbortSignal): Promise<T>
  /** Overwrites every key. Every later call is `UNAVAILABLE`. Idempotent. */
  close(): void
}

interface Entry extends HeldKey {
  readonly id: string
  readonly plaintext: Buffer
  readonly bornAt: number
  uses: number
}

/** Most keys that are kept at once; the oldest goes first. */
const MOST_KEYS = 1_000
const KEY_BYTES = 32

/** A clock that nobody sets back, with timers that do not keep a process from ending. */
const steadyClock: Clock = {
  now: () => performance.now(),
  at(at, callback) {
    const timer = setTimeout(callback, Math.ceil(Math.max(0, at - performance.now())))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** What a key is kept under: the same blob in another context must be asked for again, and refused. */
function identity(wrapped: Uint8Array, context: EncryptionContext): string {
  return `${contextName(context)} ${sha256Hex(wrapped)}`
}

function contextName(context: EncryptionContext): string {
  return JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Errors: `INVALID_INPUT` for bounds that are none. */
export function keyRing(options: EncryptionOptions): KeyRing {
  const { keys, rotateAfterUses = 100_000, keepMs = 900_000, clock = steadyClock } = options
  const rotateAfterMs = Math.min(options.rotateAfterMs ?? 900_000, keepMs)
  for (const bound of [rotateAfterUses, rotateAfterMs / 1000, keepMs / 1000])
    if (!(bound >= 1))
      throw new SeamError('INVALID_INPUT', 'A data key is used at least once, and kept for at least a second.')
  /** In the order in which they came. */
  const held = new Map<string, Entry>()
  /** The newest key for each context. */
  const sealing = new Map<string, Entry>()
  const asked = new Map<string, Promise<Entry>>()
  let cancelTimer: (() => void) | undefined
  let closed = false
  /** Whether the holder of the keys ever did what it was asked. */
  let proven = false

  function drop(entry: Entry): void {
    entry.plaintext.fill(0)
    held.delete(entry.id)
    for (const [name, other] of sealing) if (other === entry) sealing.delete(name)
  }

  /** Drops what is over its time, and comes back for the next. */
  function expire(): void {
    for (const entry of held.values()) {
      if (entry.bornAt + keepMs > clock.now()) {
        cancelTimer ??= clock.at(entry.bornAt + keepMs, () => {
          cancelTimer = undefined
          expire()
        })
        return
      }
      drop(entry)
    }
  }

  function keep(plaintext: Uint8Array, wrapped: Uint8Array, context: EncryptionContext): Entry {
    const copy = Buffer.from(plaintext)
    plaintext.fill(0)
    if (copy.length !== KEY_BYTES) {
      copy.fill(0)
      throw new SeamError('INTEGRITY', `A data key of ${keys.name} has not ${KEY_BYTES} bytes.`)
    }
    const id = identity(wrapped, context)
    const entry = { id, plaintext: copy, wrapped: Uint8Array.from(wrapped), bornAt: clock.now(), uses: 0 }
    if (closed) {
      copy.fill(0)
      throw over()
    }
    const before = held.get(id)
    if (before !== undefined) drop(before)
    held.set(id, entry)
    const [oldest] = held.values()
    if (held.size > MOST_KEYS && oldest !== undefined) drop(oldest)
    expire()
    return entry
  }

  /** One call for all that need the same key at the same time. */
  function once(name: string, ask: () => Promise<Entry>): Promise<Entry> {
    const present = asked.get(name)
    if (present !== undefined) return present
    const asking = ask()
      .then(
        (entry) => {
          proven = true
          return entry
        },
        (error: unknown) => {
          throw proven ? lasting(error) : error
        },
      )
      .finally(() => asked.delete(name))
    asked.set(name, asking)
    return asking
  }

  /** Nothing is encrypted with what can not be opened again: whoever lacks that permission hears it before, not after. */
  async function proveOpening(plaintext: Uint8Array, wrapped: Uint8Array, context: EncryptionContext): Promise<void> {
    const opened = await keys.unwrap(wrapped, context)
    const same = Buffer.compare(opened, plaintext) === 0
    opened.fill(0)
    if (!same) throw new SeamError('INTEGRITY', `A data key of ${keys.name} does not open to itself.`)
  }

  const begin = (signal: AbortSignal | undefined): void => {
    throwIfAborted(signal)
    if (closed) throw over()
    expire()
  }

  return {
    async seal(context, uses, use, signal) {
      const name = contextName(context)
      const fitting = (): Entry | undefined => {
        const entry = sealing.get(name)
        if (entry === undefined || entry.bornAt + rotateAfterMs <= clock.now()) return undefined
        // More than a key may encrypt at once still needs one key.
        return entry.uses === 0 || entry.uses + uses <= rotateAfterUses ? entry : undefined
      }
      for (;;) {
        begin(signal)
        const entry = fitting()
        if (entry !== undefined) {
          entry.uses += uses
          return use(entry)
        }
        const made = once(`seal ${name}`, async () => {
          const { plaintext, wrapped } = await keys.generate(context)
          if (!proven) await proveOpening(plaintext, wrapped, context)
          const fresh = keep(plaintext, wrapped, context)
          sealing.set(name, fresh)
          return fresh
        })
        await orAbort(made, signal)
      }
    },

    async open(wrapped, context, use, signal) {
      const id = identity(wrapped, context)
      for (;;) {
        begin(signal)
        const entry = held.get(id)
        if (entry !== undefined) return use(entry)
        const opened = once(`open ${id}`, async () => keep(await keys.unwrap(wrapped, context), wrapped, context))
        await orAbort(opened, signal)
      }
    },

    close() {
      closed = true
      cancelTimer?.()
      for (const entry of held.values()) entry.plaintext.fill(0)
      held.clear()
      sealing.clear()
    },
  }
}

/** A refusal of what was allowed before: it ends when somebody sees to it, so it is waited for. */
function lasting(error: unknown): unknown {
  if (!isSeamError(error) || !['FORBIDDEN', 'UNAUTHENTICATED', 'NOT_FOUND'].includes(error.code)) return error
  const remedy = error.problems[0]?.remedy
  return new SeamError('UNAVAILABLE', `Until now there were data keys: ${error.message}`, {
    cause: error,
    ...(remedy !== undefined && { remedy }),
  })
}

function over(): SeamError {
  return new SeamError('UNAVAILABLE', 'The data keys were let go of.')
}
