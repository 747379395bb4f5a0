import type { Journal, JournalBatch, Lease, ReadOptions, StoredRecord } from '@seamark/core'
import { hasCode, SeamError, sha256Hex } from '@seamark/kit'
import { readAll } from './journal-log.ts'
import { saboteur } from './sabotage.ts'
import type { Saboteur } from './suite.ts'

const broken = (about: string, rejectedBy: readonly string[], change: (right: Journal) => Partial<Journal>) =>
  saboteur<Journal>(
    about,
    rejectedBy.map((id) => `journal/${id}`),
    change,
  )

/** Reads through a function that changes, drops (`undefined`) or keeps each record. */
const reading = (
  right: Journal,
  change: (record: StoredRecord, options: ReadOptions) => StoredRecord | undefined,
  ask: (options: ReadOptions) => ReadOptions = (options) => options,
): Partial<Journal> => ({
  async *read(ns, from, options = {}) {
    for await (const record of right.read(ns, from, ask(options))) {
      const changed = change(record, options)
      if (changed !== undefined) yield changed
    }
  },
})

const swallowing = async (code: 'CONFLICT' | 'INTEGRITY' | 'INVALID_INPUT', call: Promise<void>): Promise<void> => {
  try {
    await call
  } catch (error) {
    if (!hasCode(error, code)) throw error
  }
}

const without = <T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> => {
  const { [key]: _, ...rest } = value
  return rest
}

const nothing: JournalBatch = { records: [], payloads: [], nodes: [], changes: [] }

const recordSaboteurs: readonly Saboteur<Journal>[] = [
  broken('it has no name', ['says-what-it-is'], () => ({ name: '' })),
  broken('it begins with a record', ['starts-empty'], (right) => ({
    head: async (ns, options) => ({ ...(await right.head(ns, options)), size: 1 }),
  })),
  broken('it loses the last byte of long headers', ['roundtrip'], (right) =>
    reading(right, (record) => ({ ...record, header: record.header.slice(0, 59_999) })),
  ),
  broken('it forgets the run', ['roundtrip'], (right) => reading(right, (record) => without(record, 'run'))),
  broken('it reads 1,000 records at most', ['large-batch'], (right) =>
    reading(right, (record) => (record.seq < 1_000 ? record : undefined)),
  ),
  broken('it refuses an empty batch', ['empty-batch'], (right) => ({
    async append(lease, size, batch, options) {
      if (batch.records.length === 0) throw new SeamError('INVALID_INPUT', 'Nothing to append.')
      return right.append(lease, size, batch, options)
    },
  })),
  broken('it takes `to` as inclusive', ['range'], (right) =>
    reading(
      right,
      (record) => record,
      (options) => (options.to === undefined ? options : { ...options, to: options.to + 1 }),
    ),
  ),
  broken('it ignores `run`', ['run-filter', 'follow-run'], (right) =>
    reading(
      right,
      (record) => record,
      (options) => without(options, 'run'),
    ),
  ),
  broken('it always yields payloads', ['payloads-on-request'], (right) =>
    reading(
      right,
      (record) => record,
      (options) => ({ ...options, payloads: true }),
    ),
  ),
  broken('it takes an empty payload for none', ['payload-sizes'], (right) =>
    reading(right, (record) => (record.payload?.bytes.length === 0 ? without(record, 'payload') : record)),
  ),
  broken('its purge does nothing', ['purge', 'survives'], () => ({ purge: async () => undefined })),
  broken('its purge takes the neighbours too', ['purge'], (right) => ({
    purge: (lease, seqs, options) => right.purge(lease, [...seqs, ...seqs.map((seq) => seq + 1)], options),
  })),
  broken('it hides purged records', ['purge'], (right) =>
    reading(right, (record, { payloads }) => (payloads === true && record.payload === undefined ? undefined : record)),
  ),
  broken('its purge insists on a payload', ['purge-is-idempotent'], (right) => ({
    async purge(lease, seqs, options) {
      const records = await readAll(right, lease.ns, 0, { payloads: true })
      if (seqs.some((seq) => records[seq]?.payload === undefined)) throw new SeamError('NOT_FOUND', 'No payload.')
      return right.purge(lease, seqs, options)
    },
  })),
  broken('it keeps references', ['keeps-a-copy'], (right) => {
    const given = new Map<number, Uint8Array>()
    return {
      async append(lease, size, batch, options) {
        await right.append(lease, size, batch, options)
        for (const { seq, header } of batch.records) given.set(seq, header)
      },
      ...reading(right, (record) => ({ ...record, header: given.get(record.seq) ?? record.header })),
    }
  }),
  broken('its ranges of hashes are one short', ['hashes-of-leaves', 'hashes-of-nodes'], (right) => ({
    hashes: (ns, level, from, count, options) => right.hashes(ns, level, from, Math.max(0, count - 1), options),
  })),
  broken('it gives leaves for nodes', ['hashes-of-nodes'], (right) => ({
    hashes: (ns, _, from, count, options) => right.hashes(ns, 0, from, count, options),
  })),
  broken('it has no hashes of a level that is not stored', ['hashes-bad-level'], (right) => ({
    hashes: async (ns, level, from, count, options) =>
      level % 4 === 0 && from >= 0 && count >= 0 ? right.hashes(ns, level, from, count, options) : new Uint8Array(0),
  })),
  broken('it stops quietly at a wrong leaf', ['wrong-leaf'], (right) => ({
    async *read(ns, from, options) {
      try {
        yield* right.read(ns, from, options)
      } catch (error) {
        if (!hasCode(error, 'INTEGRITY')) throw error
      }
    },
  })),
  broken('it does not say which record is wrong', ['wrong-leaf'], (right) => ({
    async *read(ns, from, options) {
      try {
        yield* right.read(ns, from, options)
      } catch (error) {
        throw hasCode(error, 'INTEGRITY') ? new SeamError('INTEGRITY', 'Damaged.') : error
      }
    },
  })),
  broken('a read begins anew after an append', ['read-is-steady'], (right) => ({
    async *read(ns, from, options) {
      const { size } = await right.head(ns)
      for await (const record of right.read(ns, from, options)) {
        yield record
        if ((await right.head(ns)).size === size) continue
        yield* right.read(ns, from, options)
        return
      }
    },
  })),
]

const stale = (method: 'append' | 'commitCheckpoint' | 'saveState' | 'purge'): Saboteur<Journal> =>
  broken(`${method} does not mind a stale lease`, ['stale-lease'], (right) => ({
    [method]: (...args: Parameters<Journal[typeof method]>) => {
      const call: unknown = Reflect.apply(right[method], right, args)
      return swallowing(
        'CONFLICT',
        Promise.resolve(call).then(() => undefined),
      )
    },
  }))

const writerSaboteurs: readonly Saboteur<Journal>[] = [
  broken(
    'it does not mind the expected size',
    ['expected-size', 'one-of-two-wins', 'restart-frees-the-lease'],
    (right) => ({
      append: (lease, size, batch, options) => swallowing('CONFLICT', right.append(lease, size, batch, options)),
    }),
  ),
  broken('it stores a bad batch up to its hole', ['whole-or-nothing'], (right) => ({
    async append(lease, size, batch, options) {
      try {
        await right.append(lease, size, batch, options)
      } catch (error) {
        if (hasCode(error, 'INVALID_INPUT'))
          await right.append(lease, size, { ...nothing, records: batch.records.slice(0, 1) }, options)
        throw error
      }
    },
  })),
  broken('it fills a hole instead of refusing it', ['whole-or-nothing'], (right) => ({
    append: (lease, size, batch, options) => swallowing('INVALID_INPUT', right.append(lease, size, batch, options)),
  })),
  broken('it has no room for what is urgent', ['urgent'], (right) => ({
    async append(lease, size, batch, options) {
      if (options?.urgent === true) throw new SeamError('LIMIT_EXCEEDED', 'Full.')
      return right.append(lease, size, batch, options)
    },
  })),
  broken('it appends without a look at the signal', ['aborted'], (right) => ({
    append: (lease, size, batch) => right.append(lease, size, batch),
  })),
  broken('it reads without a look at the signal', ['aborted'], (right) => ({
    read: (ns, from, options = {}) => right.read(ns, from, without(options, 'signal')),
  })),
  broken('it never closes', ['closed'], () => ({ close: async () => undefined })),
  broken('it takes any text for a namespace', ['bad-namespace'], (right) => ({
    head: (_, options) => right.head('default', options),
    acquire: (_, holder, options) => right.acquire('default', holder, options),
  })),
  broken('it reads every namespace from one', ['namespaces-apart'], (right) => ({
    read: (_, from, options) => right.read('two', from, options),
    head: (_, options) => right.head('two', options),
  })),
  broken('it gives the lease to whoever asks', ['lease-is-exclusive', 'release-is-idempotent'], (right) => ({
    async acquire(ns, holder, options) {
      try {
        return await right.acquire(ns, holder, options)
      } catch (error) {
        if (!hasCode(error, 'CONFLICT')) throw error
        return { ns, epoch: 1_000, lost: new AbortController().signal, release: async () => undefined }
      }
    },
  })),
  broken('it does not say who holds the lease', ['lease-is-exclusive'], (right) => ({
    async acquire(ns, holder, options) {
      try {
        return await right.acquire(ns, holder, options)
      } catch (error) {
        throw hasCode(error, 'CONFLICT') ? new SeamError('CONFLICT', 'Held.') : error
      }
    },
  })),
  broken('every lease has epoch 1', ['epoch-grows'], (right) => ({
    acquire: async (ns, holder, options) => ({ ...(await right.acquire(ns, holder, options)), epoch: 1 }),
  })),
  broken('any release frees the newest lease', ['release-is-idempotent'], (right) => {
    let newest: Lease | undefined
    return {
      async acquire(ns, holder, options) {
        const lease = await right.acquire(ns, holder, options)
        newest = lease
        return { ...lease, release: async () => newest?.release() }
      },
    }
  }),
  stale('append'),
  stale('commitCheckpoint'),
  stale('saveState'),
  stale('purge'),
  broken('it shows no checkpoint', ['checkpoint-kept', 'survives'], (right) => ({
    head: async (ns, options) => ({ size: (await right.head(ns, options)).size }),
  })),
  broken('it keeps the first of two checkpoints of a size', ['checkpoint-kept'], (right) => ({
    async commitCheckpoint(lease, checkpoint, options) {
      if ((await right.head(lease.ns)).checkpoint?.size !== checkpoint.size)
        await right.commitCheckpoint(lease, checkpoint, options)
    },
  })),
  broken('it passes over an older checkpoint', ['checkpoint-monotonic'], (right) => ({
    commitCheckpoint: (lease, checkpoint, options) =>
      swallowing('CONFLICT', right.commitCheckpoint(lease, checkpoint, options)),
  })),
  broken('it passes over a checkpoint of another log', ['checkpoint-of-this-log'], (right) => ({
    commitCheckpoint: (lease, checkpoint, options) =>
      swallowing('INTEGRITY', right.commitCheckpoint(lease, checkpoint, options)),
  })),
  broken('it loads the state of any fold', ['state-of-fold-version'], (right) => ({
    loadState: async (ns, version, options) =>
      (await right.loadState(ns, version, options)) ?? (await right.loadState(ns, 1, options)),
  })),
  broken('it corrects the digest of a snapshot', ['state-digest'], (right) => ({
    saveState: (lease, snapshot, options) =>
      right.saveState(lease, { ...snapshot, sha256: sha256Hex(snapshot.bytes) }, options),
  })),
  {
    about: 'it keeps nothing over a restart',
    rejectedBy: ['journal/survives', 'journal/restart-frees-the-lease'],
    break: (make) => async () => {
      const subject = await make()
      const others = [subject]
      return {
        ...subject,
        async reopen() {
          const other = await make()
          others.push(other)
          return other.seam
        },
        async dispose() {
          for (const other of others) await other.dispose()
        },
      }
    },
  },
]

const followerSaboteurs: readonly Saboteur<Journal>[] = [
  broken('it does not follow', ['follow', 'follow-over-leases', 'follow-ends-at-close'], (right) =>
    reading(
      right,
      (record) => record,
      (options) => without(options, 'follow'),
    ),
  ),
  broken('it follows only what has a first record', ['follow-before-the-first'], (right) => ({
    async *read(ns, from, options = {}) {
      const { size } = await right.head(ns)
      yield* right.read(ns, from, size === 0 ? without(options, 'follow') : options)
    },
  })),
  broken('it passes over `to` when it follows', ['follow-not-with-to'], (right) =>
    reading(
      right,
      (record) => record,
      (options) => (options.follow === true && options.to !== undefined ? without(options, 'follow') : options),
    ),
  ),
]

/** Broken journals, each rejected by the cases that it names. */
export const journalSaboteurs: readonly Saboteur<Journal>[] = [
  ...recordSaboteurs,
  ...writerSaboteurs,
  ...followerSaboteurs,
]
