import { randomBytes } from 'node:crypto'
import type { Journal, PayloadEntry, StateSnapshot, StoredRecord } from '@seamark/core'
import { hasCode, isSeamError, SeamError, sha256Hex, throwIfAborted } from '@seamark/kit'
import { keyContext, openPiece, SALT_BYTES, sealSmall, splitSmall, thingKey } from './envelope.ts'
import { keyRing } from './key-ring.ts'
import type { EncryptionOptions } from './key-ring.ts'
import { withMembers } from './with-members.ts'

type Salted = Pick<PayloadEntry, 'salt' | 'bytes'>
type Where = readonly (string | number | null)[]

/**
 * The same journal with payloads, their salts and state snapshots encrypted (AES-256-GCM, under keys of their own), bound
 * to namespace, run and `seq`, or to the size of the log. Record headers, hashes and checkpoints stay as they are, and
 * commitments stay over the plaintext: what can be verified does not change. Rows of projections are not encrypted.
 *
 * `acquire` proves that a data key can be had and opened: what will never give one is refused there. Errors besides those of the
 * journal: `INTEGRITY` (damaged, moved or not encrypted here), `UNAVAILABLE` (no data key to be had now; nothing was
 * stored), and from `acquire` the other codes of `DataKeys`. `close` overwrites the keys in memory.
 */
export function encryptedJournal<J extends Journal>(inner: J, options: EncryptionOptions): J {
  const ring = keyRing(options)
  const { keys } = options

  async function open(
    ns: string,
    purpose: 'payload' | 'state',
    where: Where,
    stored: Salted,
    what: string,
    signal: AbortSignal | undefined,
  ): Promise<Buffer> {
    const parts = splitSmall(stored.bytes)
    if (parts === undefined) throw damaged(what)
    try {
      const found = await ring.open(
        parts.wrapped,
        keyContext(ns, purpose),
        ({ plaintext }) => {
          const own = thingKey(plaintext, stored.salt, ns, purpose, where)
          const opened = openPiece(own, 0, true, parts.piece)
          own.fill(0)
          return opened
        },
        signal,
      )
      if (found === undefined) throw damaged(what)
      return found
    } catch (error) {
      throw hasCode(error, 'INTEGRITY') ? damaged(what, error) : error
    }
  }

  async function* readPayloads(records: AsyncIterable<StoredRecord>, ns: string, signal: AbortSignal | undefined) {
    for await (const record of records) {
      const { payload, ...bare } = record
      if (payload === undefined) yield bare
      else {
        const where = placeOf(record.run, record.seq)
        const opened = await open(ns, 'payload', where, payload, `The payload of record ${record.seq}`, signal)
        yield { ...bare, payload: splitSalt(opened, record.seq) }
      }
    }
  }

  const changes: Pick<
    Journal,
    'kind' | 'guarantees' | 'acquire' | 'append' | 'read' | 'saveState' | 'loadState' | 'close'
  > = {
    kind: `encrypted.${inner.kind}`,
    // Asked for each time: what the journal promises may be known only later.
    get guarantees() {
      return inner.guarantees
    },

    async acquire(ns, holder, callOptions = {}) {
      const lease = await inner.acquire(ns, holder, callOptions)
      try {
        await ring.seal(keyContext(ns, 'payload'), 0, () => undefined, callOptions.signal)
      } catch (error) {
        // Keys that are only away may be back before one is needed.
        if (!isSeamError(error) || error.consequence !== 'retry') {
          await lease.release()
          throw error
        }
      }
      return lease
    },

    async append(lease, expectedSize, batch, callOptions = {}) {
      const { ns } = lease
      const { signal } = callOptions
      throwIfAborted(signal)
      if (batch.payloads.length === 0) return inner.append(lease, expectedSize, batch, callOptions)
      const runs = new Map(batch.records.map(({ seq, run }) => [seq, run]))
      const payloads = await ring.seal(
        keyContext(ns, 'payload'),
        batch.payloads.length,
        ({ plaintext, wrapped }) =>
          batch.payloads.map(({ seq, salt, bytes }) => {
            const outer = randomBytes(SALT_BYTES)
            const own = thingKey(plaintext, outer, ns, 'payload', placeOf(runs.get(seq), seq))
            const joined = Buffer.concat([Buffer.of(salt.length), salt, bytes])
            const entry: PayloadEntry = { seq, salt: outer, bytes: sealSmall(wrapped, own, joined) }
            own.fill(0)
            joined.fill(0)
            return entry
          }),
        signal,
      )
      return inner.append(lease, expectedSize, { ...batch, payloads }, callOptions)
    },

    read(ns, from, readOptions = {}) {
      const records = inner.read(ns, from, readOptions)
      return readOptions.payloads === true ? readPayloads(records, ns, readOptions.signal) : records
    },

    async saveState(lease, snapshot, callOptions = {}) {
      throwIfAborted(callOptions.signal)
      const { ns } = lease
      const { size, foldVersion } = snapshot
      if (sha256Hex(snapshot.bytes) !== snapshot.sha256)
        throw new SeamError('INVALID_INPUT', 'The digest of the snapshot is not that of its bytes.')
      const salt = randomBytes(SALT_BYTES)
      const body = await ring.seal(
        keyContext(ns, 'state'),
        1,
        ({ plaintext, wrapped }) => {
          const own = thingKey(plaintext, salt, ns, 'state', [size, foldVersion])
          const small = sealSmall(wrapped, own, snapshot.bytes)
          own.fill(0)
          return small
        },
        callOptions.signal,
      )
      const bytes = Buffer.concat([salt, body])
      await inner.saveState(lease, { size, foldVersion, sha256: sha256Hex(bytes), bytes }, callOptions)
    },

    async loadState(ns, foldVersion, callOptions = {}) {
      const found = await inner.loadState(ns, foldVersion, callOptions)
      if (found === undefined) return undefined
      const { size } = found
      const stored = { salt: found.bytes.subarray(0, SALT_BYTES), bytes: found.bytes.subarray(SALT_BYTES) }
      const what = `The state snapshot at size ${size}`
      const bytes = await open(ns, 'state', [size, foldVersion], stored, what, callOptions.signal)
      const snapshot: StateSnapshot = { size, foldVersion, sha256: sha256Hex(bytes), bytes }
      return snapshot
    },

    async close() {
      ring.close()
      await inner.close()
    },
  }

  function damaged(what: string, cause?: unknown): SeamError {
    return new SeamError(
      'INTEGRITY',
      `${what} does not open with the keys of ${keys.name}: damaged, moved or not encrypted here.`,
      {
        remedy: 'Restore the journal from a backup.',
        ...(cause !== undefined && { cause }),
      },
    )
  }

  function splitSalt(opened: Buffer, seq: number): Salted {
    const end = 1 + (opened[0] ?? 0)
    if (opened.length < end) throw damaged(`The payload of record ${seq}`)
    return { salt: opened.subarray(1, end), bytes: opened.subarray(end) }
  }

  return withMembers<J, Journal>(inner, changes)
}

/** What of a record a payload is bound to. */
function placeOf(run: string | undefined, seq: number): Where {
  return [run ?? null, seq]
}
